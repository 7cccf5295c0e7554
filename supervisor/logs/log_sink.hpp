// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogSink: where the stack's log goes, see stream_sink.hpp and file_sink.hpp. A write takes what
// fits and never waits for a reader. Only the disk below a regular file can make it wait, unless
// background_sink.hpp is put in front of it.
//
// Threads: the log thread, once it runs.

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace holdfast::supervisor::logs {

class LogSink {
 public:
  enum class Outcome { Done, WouldBlock, Failed };
  struct Written {
    std::size_t bytes = 0;
    Outcome outcome = Outcome::Done;
    int os_error = 0;  // of Failed
  };

  virtual ~LogSink() = default;

  // Writes whole lines; the first may be the rest of a line that an earlier call wrote in part.
  virtual Written write(std::string_view lines) = 0;

  // The rest of a line written in part will not follow: the next write starts a new line.
  virtual void skip_rest_of_line() { torn_ = !at_line_start_; }

  virtual int poll_fd() const = 0;  // after WouldBlock: poll this for writability
  virtual bool is_terminal() const { return false; }
  virtual void reopen() {}
  virtual std::uint64_t rotations() const { return 0; }

 protected:
  bool torn_ = false;  // write a newline first
  bool at_line_start_ = true;
};

}  // namespace holdfast::supervisor::logs
