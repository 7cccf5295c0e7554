// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogSink: where the stack's log goes. Writing takes what fits and never waits for a reader. (A
// regular file cannot be written without waiting for its disk; that is the one wait there is.)
//
// Threads: the log thread's, once it runs.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
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

  // `lines`: lines, of which the first may be the rest of one partly taken before.
  virtual Written write(std::string_view lines) = 0;

  // The rest of a line partly taken will not come: the next write begins a new one.
  void skip_rest_of_line() { torn_ = !at_line_start_; }

  virtual int poll_fd() const = 0;  // becomes writable after WouldBlock
  virtual bool is_terminal() const { return false; }
  virtual void reopen() {}
  virtual std::uint64_t rotations() const { return 0; }

 protected:
  bool torn_ = false;  // a newline has to go first
  bool at_line_start_ = true;
};

// A descriptor such as standard output, which other processes may share: their view of it is left
// as it is (no O_NONBLOCK on the shared description). `fd` is duplicated.
Result<std::unique_ptr<LogSink>> make_stream_sink(int fd);

// A file, made when missing (0640). At `max_size` bytes (0: never) it becomes `path.1`, `path.1`
// becomes `path.2` and so on; `max_files` counts the current one too, at least 1. It is opened anew
// on reopen(), and when it has been moved or deleted.
Result<std::unique_ptr<LogSink>> make_file_sink(const std::filesystem::path& path,
                                                std::uint64_t max_size, std::uint32_t max_files,
                                                const Clock& clock);

}  // namespace holdfast::supervisor::logs
