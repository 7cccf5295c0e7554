// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the kernel knows about a process: works for hung workers and for programs that expose
// nothing. Read from /proc.
//
// Threads: any. Units: seconds and bytes.

#include "common/base/result.hpp"

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace holdfast::supervisor::collector {

struct ProcessStats {
  double cpu_seconds = 0;  // user and kernel mode, all threads
  std::uint64_t resident_bytes = 0;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t threads = 0;
  double start_time_seconds = 0;  // since the epoch
  // Empty where the kernel refuses: another user's process, without the privilege.
  std::optional<std::uint64_t> open_fds;
  std::optional<std::uint64_t> max_fds;  // the soft limit; empty too if unlimited
};

// The same for every process until the next boot: read once.
struct HostFacts {
  std::uint64_t boot_time_seconds = 0;
  std::uint64_t ticks_per_second = 100;
  std::uint64_t page_bytes = 4096;
};

Result<HostFacts> read_host_facts();

// Usage: memory and CPU, from one file. All: descriptors and limits too, at ten times the cost.
enum class Detail { Usage, All };

// The proportional share of the memory that the process uses together with others. Walks all its
// mappings: a millisecond for a large one. PermissionDenied of another user's, unless root asks.
Result<std::uint64_t> read_pss(pid_t pid);

// NotFound if there is no such process.
Result<ProcessStats> read_process_stats(pid_t pid, const HostFacts& host,
                                        Detail detail = Detail::All);

}  // namespace holdfast::supervisor::collector
