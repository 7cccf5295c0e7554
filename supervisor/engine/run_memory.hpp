// SPDX-License-Identifier: Apache-2.0
#pragma once

// RunMemory: when programs with catch_up last ran, kept in STATE_DIR/schedules over restarts of the
// supervisor and of the machine. One line for each: its name, and the time in milliseconds.
//
// Threads: one. A file that cannot be read is as good as none; one that cannot be written is an
// error of remember(), and what is in memory still counts.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace holdfast::supervisor {

class RunMemory {
 public:
  explicit RunMemory(const std::filesystem::path& state_dir);

  std::optional<WallTime> last(const std::string& program) const;
  Result<void> remember(const std::string& program, WallTime time);

 private:
  const std::filesystem::path file_;
  std::map<std::string, WallTime> last_;
};

}  // namespace holdfast::supervisor
