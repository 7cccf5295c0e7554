// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/event_log.hpp"

#include "common/log/redact.hpp"

#include <algorithm>

namespace holdfast::supervisor {

void EventLog::append(EventRecord record) {
  record.message = log::redact_text(record.message);
  std::vector<std::function<void(const EventRecord&)>> listeners;
  {
    const std::lock_guard lock(mutex_);
    record.seq = ++last_seq_;
    records_.push_back(record);
    if (records_.size() > capacity_) records_.pop_front();
    listeners = listeners_;
  }
  for (const auto& listener : listeners)
    listener(record);
}

void EventLog::listen(std::function<void(const EventRecord&)> listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(std::move(listener));
}

std::vector<EventRecord> EventLog::since(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  const auto first = std::upper_bound(
      records_.begin(), records_.end(), after,
      [](std::uint64_t seq, const EventRecord& record) { return seq < record.seq; });
  const auto count = std::min<std::size_t>(limit, static_cast<std::size_t>(records_.end() - first));
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

std::uint64_t EventLog::last_seq() const {
  const std::lock_guard lock(mutex_);
  return last_seq_;
}

}  // namespace holdfast::supervisor
