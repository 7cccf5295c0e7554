// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/memory_total.hpp"

#include <algorithm>

namespace holdfast::supervisor::collector {

std::optional<double> MemoryTotal::of(const std::set<std::int64_t>& pids, UsageCache& usage) {
  std::erase_if(known_, [&](const auto& entry) { return !pids.contains(entry.first); });
  auto next = pids.upper_bound(last_);
  for (std::size_t i = std::min(kReadsPerCall, pids.size()); i > 0; --i) {
    if (next == pids.end()) next = pids.begin();
    last_ = *next++;
    const std::int64_t bytes = usage.of(last_).memory_bytes;
    if (bytes >= 0) {
      known_[last_] = bytes;
    } else {
      known_.erase(last_);
    }
  }
  if (known_.empty()) return std::nullopt;
  double total = 0;
  for (const auto& [pid, bytes] : known_)
    total += static_cast<double>(bytes);
  return total;
}

}  // namespace holdfast::supervisor::collector
