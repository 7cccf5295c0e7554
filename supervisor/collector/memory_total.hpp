// SPDX-License-Identifier: Apache-2.0
#pragma once

// MemoryTotal: what all processes of the stack hold together, at a bounded cost: a few of them are
// read each time, in turn, and the others count with what they had. Threads: one at a time.

#include "supervisor/collector/usage.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>

namespace holdfast::supervisor::telemetry {

class MemoryTotal {
 public:
  static constexpr std::size_t kAtOnce = 32;

  // Empty if no process can be read.
  std::optional<double> of(const std::set<std::int64_t>& pids, UsageCache& usage);

 private:
  std::map<std::int64_t, std::int64_t> known_;  // by pid
  std::int64_t last_ = 0;                       // the pid that was read last
};

}  // namespace holdfast::supervisor::telemetry
