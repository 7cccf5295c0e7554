// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernel says about processes: the one reader of /proc/PID, see proc(5). The parse_*
// functions are pure, the others read files.
//
// Threads: any. A pid may be reused at any time, except that of a child that we have not reaped:
// what is read of another process may already describe its successor.

#include "common/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast {

struct ProcessStat {
  std::string name;  // of the executable, at most 15 bytes; may hold spaces and parentheses
  char state = '?';
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::uint64_t user_ticks = 0;
  std::uint64_t kernel_ticks = 0;
  std::uint64_t threads = 0;
  std::uint64_t start_ticks = 0;  // since boot; with the pid it identifies a process
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;

  bool dead() const { return state == 'Z' || state == 'X'; }  // a zombie, or about to vanish
};

// /proc/PID/stat. DataLoss if a field is missing or is not a number.
Result<ProcessStat> parse_process_stat(std::string_view text);
// NotFound if there is no such process.
Result<ProcessStat> read_process_stat(pid_t pid);

// The soft limit "Max open files" of /proc/PID/limits; nothing if it is missing or unlimited.
std::optional<std::uint64_t> parse_max_open_files(std::string_view limits);
// /proc/stat's btime: when the machine booted, in seconds since the epoch.
Result<std::uint64_t> parse_boot_time(std::string_view stat);

// The pids of all processes, in no particular order. Empty if /proc cannot be read.
std::vector<pid_t> list_processes();

// The children of a process, whichever of its threads forked them. Empty if the kernel does not
// list them (CONFIG_PROC_CHILDREN) or there is no such process.
std::vector<pid_t> child_processes(pid_t pid);

// Whether the process was started with this "NAME=value" in its environment. False if it does not
// exist or may not be examined.
bool has_environment_entry(pid_t pid, std::string_view entry);
// Whether it has all of these, by one look. Nothing if its environment is empty: it was started so
// (env -i), or is in the middle of execve(), and the new environment is not there yet.
std::optional<bool> has_environment(pid_t pid, const std::vector<std::string>& entries);

// Different after every boot.
Result<std::string> boot_id();

// A process's start_ticks; 0 if there is no such process.
std::int64_t process_started(pid_t pid);
// The same process as then: not dead, and not another one that got the pid since.
bool process_alive(pid_t pid, std::int64_t started);

}  // namespace holdfast
