// SPDX-License-Identifier: Apache-2.0
#pragma once

// A pipe that a Logger writes to, and what is read from it.

#include "common/log/logger.hpp"
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

namespace holdfast::log {

class Pipe {
 public:
  Pipe() {
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    read_ = Fd(ends[0]);
    write_ = Fd(ends[1]);
  }
  int write_end() const { return write_.get(); }
  int read_end() const { return read_.get(); }
  void close_read_end() { read_.reset(); }
  void close_write_end() { write_.reset(); }

  // Everything that is in the pipe by now.
  std::string drain() {
    std::string text;
    char buffer[65536];
    for (;;) {
      pollfd waited{read_.get(), POLLIN, 0};
      if (::poll(&waited, 1, 0) <= 0 || (waited.revents & POLLIN) == 0) return text;
      const ssize_t n = ::read(read_.get(), buffer, sizeof buffer);
      REQUIRE(n > 0);
      text.append(buffer, static_cast<std::size_t>(n));
    }
  }

  // Everything until the last writer is gone.
  std::string read_until_closed(std::atomic<int>* lines = nullptr) const {
    std::string text;
    char buffer[65536];
    for (;;) {
      const ssize_t n = ::read(read_.get(), buffer, sizeof buffer);
      if (n <= 0) return text;
      if (lines != nullptr) *lines += static_cast<int>(std::count(buffer, buffer + n, '\n'));
      text.append(buffer, static_cast<std::size_t>(n));
    }
  }

 private:
  Fd read_;
  Fd write_;
};

// What one Logger wrote. Into memory and not into a pipe: a pipe's size is up to the system, and
// nobody reads while the test writes.
class Recorder {
 public:
  explicit Recorder(Format format = Format::Json, bool colours = false)
      : logger_({.level = Level::Trace,
                 .format = format,
                 .colours = colours,
                 .fd = file_.get(),
                 .clock = &clock}) {
    REQUIRE(file_);
  }
  const Logger& log() const { return logger_; }

  // What was written since the last call.
  std::string text() {
    std::string text;
    char buffer[16384];
    ssize_t n = 0;
    while ((n = ::pread(file_.get(), buffer, sizeof buffer, read_)) > 0) {
      text.append(buffer, static_cast<std::size_t>(n));
      read_ += n;
    }
    REQUIRE(n == 0);
    return text;
  }

  test::ManualClock clock;

 private:
  Fd file_{::memfd_create("log", MFD_CLOEXEC)};
  off_t read_ = 0;
  Logger logger_;
};

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', from)) {
    lines.push_back(text.substr(from, at - from));
    from = at + 1;
  }
  if (from < text.size()) lines.push_back(text.substr(from));
  return lines;
}

}  // namespace holdfast::log
