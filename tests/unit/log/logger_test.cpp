// SPDX-License-Identifier: Apache-2.0
// Levels, the pretty format, and where lines go.
#include "common/log/fd_writer.hpp"
#include "tests/unit/log/support.hpp"

#include <sys/ioctl.h>

#include <atomic>
#include <csignal>
#include <optional>
#include <set>
#include <thread>

namespace holdfast::log {

TEST_CASE("lines below the level are not written, and the level is shared") {
  Recorder recorder;
  const Logger child = recorder.log().with({{"k", 1}});
  child.set_level(Level::Warn);
  CHECK(recorder.log().level() == Level::Warn);
  CHECK_FALSE(recorder.log().enabled(Level::Info));
  CHECK(recorder.log().enabled(Level::Warn));
  recorder.log().trace("no");
  recorder.log().debug("no");
  recorder.log().info("no");
  CHECK(recorder.text().empty());
  recorder.log().warn("yes");
  child.error("yes");
  CHECK(lines_of(recorder.text()).size() == 2);
}

TEST_CASE("pretty lines are for people") {
  Recorder recorder(Format::Pretty);
  recorder.log().info("started", {{"port", 3000}, {"name", "two words"}, {"ok", true}});
  CHECK(recorder.text() == "11:42:43.482 INFO  started  port=3000 name=\"two words\" ok=true\n");
  recorder.log().warn("plain");
  CHECK(recorder.text() == "11:42:43.482 WARN  plain\n");
  recorder.log()
      .with({{"id", "r-1"}})
      .error("bad", {{"err", Err{"Kind", "no luck"}}, {"empty", ""}, {"token", "x"}, {"d", 0.5}});
  CHECK(recorder.text() ==
        "11:42:43.482 ERROR bad  id=r-1 err=Kind: \"no luck\" empty=\"\" token=[Redacted] d=0.5\n");
}

TEST_CASE("pretty lines do not let text drive the terminal") {
  Recorder recorder(Format::Pretty);
  recorder.log().info("a\x1b[2Jb\nc", {{"k", "x\x1b]0;t\x07"}});
  const std::string text = recorder.text();
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(lines_of(text).size() == 1);
}

TEST_CASE("pretty lines have colours when asked for") {
  Recorder recorder(Format::Pretty, true);
  recorder.log().error("m");
  CHECK(recorder.text() == "11:42:43.482 \x1b[31mERROR\x1b[0m m\n");
}

TEST_CASE("pretty lines keep to the limit, too") {
  Recorder recorder(Format::Pretty);
  const std::string huge(2 * kMaxLine, 'x');
  recorder.log().info(huge, {{"a", huge}, {"b", huge}});
  const std::string text = recorder.text();
  CHECK(text.size() <= kMaxLine);
  CHECK(text.ends_with(" truncated=true\n"));
}

TEST_CASE("configuration gives the options") {
  const Pipe pipe;
  const LogOptions options = options_for(Level::Error, Format::Pretty, pipe.write_end());
  CHECK(options.level == Level::Error);
  CHECK(options.format == Format::Pretty);
  CHECK(options.fd == pipe.write_end());
  CHECK_FALSE(options.colours);  // a pipe is no terminal
}

TEST_CASE("lines of many threads stay whole") {
  const bool async = GENERATE(false, true);
  Pipe pipe;
  std::string text;
  std::atomic<int> received = 0;
  std::thread reader([&] { text = pipe.read_until_closed(&received); });
  {
    const Logger log({.async = async, .fd = pipe.write_end()});
    std::vector<std::thread> writers;
    // Longer than PIPE_BUF, so that a line takes more than one write to a pipe.
    const std::string filler(6000, 'f');
    for (int t = 0; t < 4; ++t) {
      writers.emplace_back([&log, &filler, t] {
        const Logger mine = log.with({{"thread", t}});
        for (int i = 0; i < 50; ++i) {
          mine.info("m", {{"i", i}, {"filler", filler}});
        }
      });
    }
    for (std::thread& writer : writers) {
      writer.join();
    }
    // The Logger's end gives a slow reader two seconds only, and a busy machine makes slow readers.
    while (received < 200 && log.dropped() == 0)
      std::this_thread::yield();
    CHECK(log.dropped() == 0);
  }
  pipe.close_write_end();
  reader.join();
  const auto lines = lines_of(text);
  CHECK(lines.size() == 200);
  CHECK(std::set<std::string>(lines.begin(), lines.end()).size() == 200);
  for (const std::string& line : lines) {
    REQUIRE(line.starts_with("{\"time\""));
    REQUIRE(line.ends_with("fff\"}"));
  }
}

TEST_CASE("an asynchronous logger writes all it was given before it is gone") {
  Pipe pipe;
  {
    std::optional<Logger> log(LogOptions{.async = true, .fd = pipe.write_end()});
    const Logger child = log->with({{"k", 1}});
    log.reset();  // the child keeps the output
    // Less than a page, which any pipe holds without a reader.
    for (int i = 0; i < 40; ++i)
      child.info("m", {{"i", i}});
  }
  pipe.close_write_end();
  const auto lines = lines_of(pipe.read_until_closed());
  REQUIRE(lines.size() == 40);
  CHECK(lines.back().find("\"i\":39") != std::string::npos);
}

TEST_CASE("a reader that is stuck does not stop an asynchronous logger") {
  Pipe pipe;
  const std::string filler(1000, 'f');
  std::uint64_t dropped = 0;
  const int total = 3 * static_cast<int>(kQueueLines);
  {
    const Logger log({.async = true, .fd = pipe.write_end()});
    for (int i = 0; i < total; ++i)
      log.info("m", {{"i", i}, {"filler", filler}});
    dropped = log.dropped();
    CHECK(dropped > 0);
    CHECK(dropped < static_cast<std::uint64_t>(total));
  }  // ends although nobody reads
  for (const std::string& line : lines_of(pipe.drain())) {
    CHECK(line.starts_with("{\"time\""));
  }
}

TEST_CASE("a direct line to a full pipe that does not block is dropped and counted") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.write_end(), F_SETFL, O_NONBLOCK) == 0);
  const std::string block(4096, 'b');
  while (::write(pipe.write_end(), block.data(), block.size()) > 0) {
  }
  const Logger log({.fd = pipe.write_end()});
  log.info("lost");
  CHECK(log.dropped() == 1);
  pipe.drain();
  log.info("kept");
  CHECK(log.dropped() == 1);
  CHECK(lines_of(pipe.drain()).size() == 1);
}

TEST_CASE("a line that broke off does not spoil the next one") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.write_end(), F_SETFL, O_NONBLOCK) == 0);
  FdWriter writer(pipe.write_end(), FdWriter::Mode::Interruptible);
  writer.give_up_at(MonoTime{});  // never wait
  writer.write(std::string(200'000, 'x') + "\n");
  CHECK(writer.dropped() == 1);
  const std::string first = pipe.drain();
  CHECK_FALSE(first.empty());
  CHECK(first.find('\n') == std::string::npos);
  writer.write("next\n");
  CHECK(pipe.drain() == "\nnext\n");
  CHECK(writer.dropped() == 1);
}

TEST_CASE("lines can be handed to a function instead, without their newline") {
  std::vector<std::string> lines;
  const test::ManualClock clock;
  const Logger log(
      {.write = [&](std::string_view line) { lines.emplace_back(line); }, .clock = &clock});
  log.with({{"k", 1}}).info("a");
  log.info("b\n");
  REQUIRE(lines.size() == 2);
  CHECK(lines[0] ==
        "{\"time\":\"2026-11-23T11:42:43.482Z\",\"level\":\"info\",\"msg\":\"a\",\"k\":1}");
  CHECK(lines[1].ends_with("\"b\\n\"}"));
  CHECK(log.dropped() == 0);
}

TEST_CASE("a function that throws costs the line and not the caller") {
  const Logger log({.write = [](std::string_view) { throw std::bad_alloc(); }});
  CHECK_NOTHROW(log.info("m"));
  CHECK(log.dropped() == 1);
}

TEST_CASE("a reader that is gone costs lines and nothing else") {
  const bool async = GENERATE(false, true);
  const auto before = std::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  pipe.close_read_end();
  {
    const Logger log({.async = async, .fd = pipe.write_end()});
    log.info("lost");
    while (log.dropped() == 0)
      std::this_thread::yield();
    CHECK(log.dropped() == 1);
  }
  std::signal(SIGPIPE, before);
}

}  // namespace holdfast::log
