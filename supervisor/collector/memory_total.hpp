// SPDX-License-Identifier: Apache-2.0
#pragma once

// MemoryTotal: the memory of all processes of the stack, at a bounded cost. Each call reads a few
// processes in turn; the others count with their last known value. Threads: one at a time.

#include "supervisor/collector/usage.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace holdfast::supervisor::collector {

class MemoryTotal {
 public:
  static constexpr std::size_t kReadsPerCall = 32;

  // Empty if no process could be read.
  std::optional<double> of(const std::set<std::int64_t>& pids, UsageCache& usage);

 private:
  std::map<std::int64_t, std::int64_t> known_;  // by pid
  std::int64_t last_ = 0;                       // the pid that was read last
};

}  // namespace holdfast::supervisor::collector
