// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogHistory: the lines of a log file and of what it was rotated into (file_sink.hpp), the oldest
// first, and then, for as long as it is asked, those that follow, across rotations.
//
// What was kept of quiet programs (FILE.kept.1, FILE.kept) comes first. A file that is rotated
// while it is read is read to its end, and the next one from its beginning: no line is left out or
// read twice, unless more files are rotated away than are kept before they are looked at.
//
// Threads: one. Blocks for the files, never for new lines.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <deque>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

class LogHistory {
 public:
  static constexpr std::size_t kMaxLine = 1 << 20;  // longer ones are passed on in pieces

  // Opens what there is. `whole`: false begins at the end of the current file.
  // NotFound, PermissionDenied: the file cannot be read.
  static Result<LogHistory> open(const std::filesystem::path& file, bool whole);

  LogHistory(LogHistory&&) = default;
  LogHistory(const LogHistory&) = delete;

  // The next line, without its newline; nothing if there is none for now. The view is valid until
  // the next call. A line that is not finished waits.
  std::optional<std::string_view> next();

 private:
  struct Part {
    Fd fd;
    dev_t device = 0;
    ino_t inode = 0;
    off_t read = 0;
  };
  static std::optional<Part> open_part(const std::filesystem::path& file);

  explicit LogHistory(std::filesystem::path file) : file_(std::move(file)) {}
  bool fill();
  // Looks whether the file is another one by now, and queues what has come since.
  bool follow_rotation();
  std::filesystem::path numbered(unsigned n) const;

  std::filesystem::path file_;
  std::deque<Part> parts_;  // still to be read; the last one is the current file
  std::string buffer_;
  std::size_t begin_ = 0;    // of what was not passed on yet
  std::size_t scanned_ = 0;  // up to here there is no newline
  std::string rest_;         // the line that was passed on last, if it has no newline
};

}  // namespace holdfast::supervisor::logs
