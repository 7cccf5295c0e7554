// SPDX-License-Identifier: Apache-2.0
#pragma once

// The log in a file, with rotation.
//
// Threads: the log thread, once it runs.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "supervisor/logs/log_sink.hpp"

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>

namespace holdfast::supervisor::logs {

// A file that may lie where other users can write.
struct FileAccess {
  std::optional<gid_t> group;  // of a file that is created; empty: this process's
  // false: a symbolic link in its place is refused, as it is in another user's directory
  bool follow_links = true;
  // When it rotates away, quiet programs' lines are kept: kept_lines.hpp.
  bool many_programs = false;
  bool tell_if_gone = false;  // if it was deleted and cannot be created again, writes fail
};

// Creates the file if it is missing (mode 0640). At `max_size` bytes (0: never), `path` is renamed
// to `path.1`, `path.1` to `path.2`, and so on. `max_files` (at least 1) includes the current file.
// Reopened on reopen(), and when the file has been moved or deleted. A named pipe will do as well;
// it is never waited for, neither for a reader nor for room.
Result<std::unique_ptr<LogSink>> make_file_sink(const std::filesystem::path& path,
                                                std::uint64_t max_size, std::uint32_t max_files,
                                                const Clock& clock);

// The same, opened by the first write: until it can be, writes fail.
std::unique_ptr<LogSink> make_lazy_file_sink(const std::filesystem::path& path,
                                             std::uint64_t max_size, std::uint32_t max_files,
                                             const FileAccess& access, const Clock& clock);

}  // namespace holdfast::supervisor::logs
