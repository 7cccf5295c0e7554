// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"
#include "supervisor/logs/file_sink.hpp"
#include "supervisor/logs/stream_sink.hpp"
#include "tests/support/launched.hpp"
#include "tests/support/manual_clock.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::logs::test;
namespace fs = std::filesystem;
using Outcome = LogSink::Outcome;

namespace {

std::unique_ptr<LogSink> file_sink(const fs::path& path, std::uint64_t size, std::uint32_t files,
                                   const Clock& clock) {
  auto sink = make_file_sink(path, size, files, clock);
  REQUIRE(sink);
  return std::move(*sink);
}

std::string content(const fs::path& path) {
  return read_file(path).value_or("(none)");
}

}  // namespace

TEST_CASE("a write to a full pipe does not wait and continues where it stopped") {
  Pipe pipe;
  auto sink = make_stream_sink(pipe.write.get());
  REQUIRE(sink);
  const std::string lines(1 << 20, 'x');
  std::size_t done = 0;
  const auto first = (*sink)->write(lines);
  REQUIRE(first.outcome == Outcome::WouldBlock);
  REQUIRE(first.bytes > 0);
  done += first.bytes;
  std::size_t received = 0;
  std::string buffer(65536, '\0');
  while (received < lines.size()) {
    received += static_cast<std::size_t>(::read(pipe.read.get(), buffer.data(), buffer.size()));
    done += (*sink)->write(std::string_view(lines).substr(done)).bytes;
  }
  REQUIRE(done == lines.size());
}

TEST_CASE("a shared output description is not made non-blocking") {
  Pipe pipe;
  auto sink = make_stream_sink(pipe.write.get());
  REQUIRE((*sink)->write("x\n").outcome == Outcome::Done);
  REQUIRE((::fcntl(pipe.write.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a write to a full socket does not wait") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
  const Fd reader(ends[0]);
  const Fd writer(ends[1]);
  auto sink = make_stream_sink(writer.get());
  const std::string lines(4 << 20, 'x');
  REQUIRE((*sink)->write(lines).outcome == Outcome::WouldBlock);
  REQUIRE((::fcntl(writer.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("a pipe without a reader and a full device are failures with their errno") {
  const std::string seen = in_fork([] {
    ::signal(SIGPIPE, SIG_IGN);
    Pipe pipe;
    auto sink = make_stream_sink(pipe.write.get());
    pipe.read.reset();
    return std::to_string((*sink)->write("x\n").os_error);
  });
  REQUIRE(seen == std::to_string(EPIPE));
  holdfast::test::ManualClock clock;
  const auto written = file_sink("/dev/full", 0, 1, clock)->write("x\n");
  REQUIRE(written.outcome == Outcome::Failed);
  REQUIRE(written.os_error == ENOSPC);
}

TEST_CASE("standard output that is a file is written at its offset") {
  const TempDir directory;
  const fs::path path = directory.path() / "out";
  std::ofstream(path) << "before\n";
  const Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  ::lseek(file.get(), 0, SEEK_END);
  auto sink = make_stream_sink(file.get());
  REQUIRE((*sink)->write("after\n").outcome == Outcome::Done);
  REQUIRE(content(path) == "before\nafter\n");
}

TEST_CASE("a log file is rotated between lines, and only max_files are kept") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 20, 3, clock);
  for (int i = 0; i < 8; ++i)
    REQUIRE(sink->write(fmt::format("line {:04}\n", i)).outcome == Outcome::Done);
  REQUIRE(content(path) == "line 0006\nline 0007\n");
  REQUIRE(content(path.native() + ".1") == "line 0004\nline 0005\n");
  REQUIRE(content(path.native() + ".2") == "line 0002\nline 0003\n");
  REQUIRE_FALSE(fs::exists(path.native() + ".3"));
  REQUIRE(sink->rotations() == 3);
}

TEST_CASE("many lines in one write are spread over the files") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 20, 10, clock);
  std::string lines;
  for (int i = 0; i < 8; ++i)
    lines += fmt::format("line {:04}\n", i);
  REQUIRE(sink->write(lines).bytes == lines.size());
  std::string all;
  for (int n = 3; n > 0; --n)
    all += content(fmt::format("{}.{}", path.native(), n));
  REQUIRE(all + content(path) == lines);
}

TEST_CASE("a line longer than max_size gets a file to itself") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 10, 5, clock);
  const std::string line = std::string(50, 'x') + "\n";
  REQUIRE(sink->write("a\n" + line + "b\n").outcome == Outcome::Done);
  REQUIRE(content(path) == "b\n");
  REQUIRE(content(path.native() + ".1") == line);
  REQUIRE(content(path.native() + ".2") == "a\n");
}

TEST_CASE("with max_files = 1 the file is truncated instead") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 20, 1, clock);
  for (int i = 0; i < 5; ++i)
    sink->write(fmt::format("line {:04}\n", i));
  REQUIRE(content(path) == "line 0004\n");
  REQUIRE_FALSE(fs::exists(path.native() + ".1"));
}

TEST_CASE("an existing log is continued, its size counted") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  std::ofstream(path) << "0123456789ABCDE\n";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 20, 3, clock);
  sink->write("new line\n");
  REQUIRE(content(path) == "new line\n");
  REQUIRE(content(path.native() + ".1") == "0123456789ABCDE\n");
}

TEST_CASE("after a reopen the log goes to a new file") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 0, 1, clock);
  sink->write("old\n");
  fs::rename(path, directory.path() / "moved");
  sink->write("still old\n");
  sink->reopen();
  sink->write("new\n");
  REQUIRE(content(directory.path() / "moved") == "old\nstill old\n");
  REQUIRE(content(path) == "new\n");
}

TEST_CASE("log file gone: a deleted file is created again within a second") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 0, 1, clock);
  sink->write("old\n");
  fs::remove(path);
  sink->write("lost\n");
  clock.advance(1s);
  sink->write("new\n");
  REQUIRE(content(path) == "new\n");
}

TEST_CASE("a line that was cut off is ended before the next one starts") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 0, 1, clock);
  sink->write("whole\nhal");
  sink->skip_rest_of_line();
  sink->write("next\n");
  sink->skip_rest_of_line();
  sink->write("last\n");
  REQUIRE(content(path) == "whole\nhal\nnext\nlast\n");
}

TEST_CASE("a log in a missing directory is an error at the start") {
  holdfast::test::ManualClock clock;
  REQUIRE(make_file_sink("/nonexistent/log", 0, 1, clock).error().kind == ErrorKind::NotFound);
}

TEST_CASE("a log that is a named pipe is never waited for, and is left when the pipe is replaced") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const auto alone = make_file_sink(path, 0, 1, clock);
  REQUIRE_FALSE(alone);
  CHECK(alone.error().os_error == ENXIO);
  CHECK_THAT(alone.error().message, Catch::Contains("named pipe that nobody reads"));

  const Fd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  REQUIRE(reader);
  auto sink = file_sink(path, 0, 1, clock);
  CHECK(sink->write("one\n").outcome == Outcome::Done);
  char text[4] = {};
  CHECK(::read(reader.get(), text, sizeof text) == 4);
  CHECK(std::string_view(text, sizeof text) == "one\n");

  // Full in the middle of a line.
  const std::string line = std::string(1 << 20, 'x') + "\n";
  const auto part = sink->write(line);
  CHECK(part.outcome == Outcome::WouldBlock);
  REQUIRE(part.bytes > 0);
  const std::string_view rest = std::string_view(line).substr(part.bytes);
  CHECK(sink->write(rest).outcome == Outcome::WouldBlock);
  fs::remove(path);
  clock.advance(1s);
  CHECK(sink->write(rest).outcome == Outcome::Done);
  CHECK(content(path) == rest);
}

TEST_CASE(
    "a pipe in the place of the log is an error while nobody reads it, and lines are not held") {
  const TempDir directory;
  const fs::path path = directory.path() / "log";
  holdfast::test::ManualClock clock;
  auto sink = file_sink(path, 0, 1, clock);
  sink->write("one\n");
  fs::remove(path);
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  clock.advance(1s);
  CHECK(sink->write("two\n").outcome == Outcome::Done);  // to the file that is open
  sink->reopen();
  CHECK(sink->write("three\n").outcome == Outcome::Done);
  fs::remove(path);
  clock.advance(1s);
  sink->write("four\n");
  CHECK(content(path) == "four\n");
}
