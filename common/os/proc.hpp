// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which process is this, and does another still live? From /proc. Threads: any.

#include "common/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::store::sqlite {

struct ProcessStat {
  char state = '?';          // field 3: 'Z' and 'X' are dead
  std::int64_t started = 0;  // field 22, in clock ticks since boot
};
std::optional<ProcessStat> parse_process_stat(std::string_view stat);  // proc(5)

Result<std::string> boot_id();
std::int64_t process_started(pid_t pid);  // 0 if there is no such process

// The same process as then: not a zombie, and not another one with a reused pid.
bool process_alive(pid_t pid, std::int64_t started);

}  // namespace holdfast::store::sqlite
