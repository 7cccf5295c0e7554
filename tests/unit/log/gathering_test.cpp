// SPDX-License-Identifier: Apache-2.0
// Lines that wait for the end of the caller's turn.
#include "common/log/output.hpp"
#include "common/worker/crash_handler.hpp"
#include "tests/unit/log/support.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <optional>
#include <thread>

namespace holdfast::log {

namespace {

// A loop whose turn ends when the test says so.
struct Turn {
  std::vector<std::function<void()>> deferred;
  LogOptions options(const Pipe& pipe) {
    LogOptions options;
    options.fd = pipe.write_end();
    options.defer = [this](std::function<void()> flush) { deferred.push_back(std::move(flush)); };
    return options;
  }
  void end() {
    for (const auto& flush : std::exchange(deferred, {}))
      flush();
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the lines of one turn leave together when it ends, in their order") {
  Pipe pipe;
  Turn turn;
  const Logger log(turn.options(pipe));
  log.info("one");
  log.with({{"k", 1}}).info("two");
  CHECK(pipe.drain().empty());
  CHECK(turn.deferred.size() == 1);
  turn.end();
  const auto lines = lines_of(pipe.drain());
  REQUIRE(lines.size() == 2);
  CHECK(has(lines[0], "one"));
  CHECK(has(lines[1], "two"));
  log.info("three");
  CHECK(turn.deferred.size() == 1);
  turn.end();
  CHECK(has(pipe.drain(), "three"));
}

TEST_CASE("a warning leaves at once, behind what waited") {
  Pipe pipe;
  Turn turn;
  const Logger log(turn.options(pipe));
  log.info("before");
  log.warn("bad");
  const auto lines = lines_of(pipe.drain());
  REQUIRE(lines.size() == 2);
  CHECK(has(lines[0], "before"));
  CHECK(has(lines[1], "bad"));
  turn.end();
  CHECK(pipe.drain().empty());
}

TEST_CASE("much that waits leaves before the turn ends, and no line is lost or cut") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.write_end(), F_SETPIPE_SZ, 1 << 20) >= 1 << 20);
  Turn turn;
  const Logger log(turn.options(pipe));
  const std::string filler(1000, 'f');
  for (int i = 0; i < 300; ++i)
    log.info("m", {{"i", i}, {"filler", filler}});
  CHECK_FALSE(pipe.drain().empty());
  log.info(std::string(2 * kMaxLine, 'x'), {{"last", true}});
  turn.end();
  CHECK(log.dropped() == 0);
}

TEST_CASE("what still waits leaves with the last logger, and a late flush finds nothing") {
  Pipe pipe;
  Turn turn;
  {
    const Logger log(turn.options(pipe));
    log.info("last words");
  }
  CHECK(has(pipe.drain(), "last words"));
  turn.end();
  CHECK(pipe.drain().empty());
}

TEST_CASE("every line that a vanished reader did not take is counted") {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  Turn turn;
  const Logger log(turn.options(pipe));
  pipe.close_read_end();
  for (int i = 0; i < 3; ++i)
    log.info("m");
  turn.end();
  CHECK(log.dropped() == 3);
}

TEST_CASE("a reader that takes nothing holds nobody up: lines are held, then dropped and counted") {
  Pipe pipe;
  Turn turn;
  const Logger log(turn.options(pipe));
  const std::string text(1000, 'x');
  constexpr int kLines = 3000;  // 3 MB: more than the pipe and what is held take
  for (int i = 0; i < kLines; ++i) {
    log.info(text, {{"n", i}});
    if (i % 10 == 0) turn.end();
  }
  log.warn("urgent, and no exception");
  turn.end();
  const std::uint64_t dropped = log.dropped();
  CHECK(dropped > 0);
  CHECK(dropped < kLines);

  // The reader is back: what was held comes whole and in order, and then what is new.
  std::string read;
  for (bool more = true; more;) {
    const std::string part = pipe.drain();
    read += part;
    log.flush();
    more = !part.empty();
  }
  log.info("new");
  turn.end();
  read += pipe.drain();
  const auto lines = lines_of(read);
  CHECK(lines.size() + log.dropped() == kLines + 2);
  CHECK(has(lines.front(), "\"n\":0"));
  CHECK(has(lines.back(), "new"));
  int last = -1;
  for (const std::string& line : lines) {
    const auto parsed = nlohmann::json::parse(line);
    const int n = parsed.value("n", last + 1);
    CHECK(n > last);
    last = n;
  }
}

TEST_CASE("others who share the pipe still block on it") {
  Pipe pipe;
  Turn turn;
  const Logger log(turn.options(pipe));
  log.info("x");
  turn.end();
  CHECK((::fcntl(pipe.write_end(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a logger that ends while its reader takes nothing gives up soon") {
  Pipe pipe;
  Turn turn;
  {
    const Logger log(turn.options(pipe));
    for (int i = 0; i < 200; ++i)
      log.info(std::string(1000, 'x'));
    turn.end();
  }
  CHECK_FALSE(pipe.drain().empty());
}

// Not under a sanitizer: its own handlers come first.
#ifndef HOLDFAST_SANITIZED
// What a process writes that runs this, which ends by a crash, and its handler.
template <class Body>
std::string output_of_crash(Body body) {
  Pipe pipe;
  const pid_t child = ::fork();  // not executed: it runs code of this program
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::signal(SIGABRT, SIG_DFL);  // the test runner has its own
    worker::install_crash_handler();
    body(pipe);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  pipe.close_write_end();
  return pipe.read_until_closed();
}

void check_written_once(const std::string& text, std::string_view line) {
  const auto at = text.find(line);
  REQUIRE(at != std::string::npos);
  CHECK(text.find(line, at + 1) == std::string::npos);
  CHECK(text.find("fatal signal SIGABRT") > at);
}

TEST_CASE("a crash writes what waited, once") {
  const std::string text = output_of_crash([](Pipe& pipe) {
    Turn turn;
    const Logger log(turn.options(pipe));
    worker::write_on_crash(log.waiting());
    log.info("the last request");
    ::dup2(pipe.write_end(), STDERR_FILENO);
    std::abort();
  });
  check_written_once(text, "the last request");
}

TEST_CASE("a crash while another thread writes what waits writes it once, too") {
  const std::string text = output_of_crash([](Pipe& pipe) {
    const std::string line = "the last request\n";
    WaitingLines lines;
    lines.bytes = std::make_unique<char[]>(line.size());
    std::copy(line.begin(), line.end(), lines.bytes.get());
    lines.size = line.size();
    lines.fd = pipe.write_end();
    worker::write_on_crash(&lines);
    ::dup2(pipe.write_end(), STDERR_FILENO);
    std::promise<void> written;
    std::thread writer([&] {
      if (!lines.take() || ::write(lines.fd, line.data(), line.size()) < 0) ::_exit(1);
      written.set_value();
      ::poll(nullptr, 0, 20);  // the kernel runs somebody else
      lines.size = 0;
      lines.give_back();
      for (;;)
        ::pause();
    });
    written.get_future().wait();
    std::abort();
  });
  check_written_once(text, "the last request");
}
#endif

TEST_CASE("lines that a crash handler has taken are written by nobody else") {
  Pipe pipe;
  Turn turn;
  const Logger log(turn.options(pipe));
  log.info("waits");
  REQUIRE(log.waiting()->take());
  turn.end();
  CHECK(pipe.drain().empty());
  log.waiting()->give_back();
  log.warn("at once");
  const std::string text = pipe.drain();
  CHECK(text.find("waits") != std::string::npos);
  CHECK(text.find("at once") != std::string::npos);
}

}  // namespace holdfast::log
