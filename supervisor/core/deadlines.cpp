// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/deadlines.hpp"

#include <algorithm>
#include <vector>

namespace holdfast::supervisor::core {

void Deadlines::set(const DeadlineKey& key, MonoTime at) {
  const auto [entry, added] = by_key_.try_emplace(key, at);
  if (!added) {
    if (entry->second == at) return;
    ordered_.erase({entry->second, key});
    entry->second = at;
  }
  ordered_.emplace(at, key);
}

void Deadlines::cancel(const DeadlineKey& key) {
  const auto entry = by_key_.find(key);
  if (entry == by_key_.end()) return;
  ordered_.erase({entry->second, key});
  by_key_.erase(entry);
}

std::optional<MonoTime> Deadlines::at(const DeadlineKey& key) const {
  const auto entry = by_key_.find(key);
  if (entry == by_key_.end()) return std::nullopt;
  return entry->second;
}

std::optional<MonoTime> Deadlines::earliest() const {
  if (ordered_.empty()) return std::nullopt;
  return ordered_.begin()->first;
}

std::optional<DeadlineKey> Deadlines::take_due(MonoTime now) {
  if (ordered_.empty() || ordered_.begin()->first > now) return std::nullopt;
  const DeadlineKey key = ordered_.begin()->second;
  ordered_.erase(ordered_.begin());
  by_key_.erase(key);
  return key;
}

void Deadlines::postpone(std::initializer_list<DeadlineKind> kinds, Duration by) {
  std::vector<std::pair<DeadlineKey, MonoTime>> moved;
  for (const auto& [key, at] : by_key_) {
    if (std::find(kinds.begin(), kinds.end(), key.kind) != kinds.end()) moved.emplace_back(key, at);
  }
  for (const auto& [key, at] : moved)
    set(key, at + by);
}

}  // namespace holdfast::supervisor::core
