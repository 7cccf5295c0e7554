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
    ++counts_[record.program];
    if (records_.size() > capacity_) make_room();
    listeners = listeners_;
  }
  for (const auto& listener : listeners)
    listener(record);
}

void EventLog::make_room() {
  const auto loudest =
      std::max_element(counts_.begin(), counts_.end(),
                       [](const auto& a, const auto& b) { return a.second < b.second; });
  // Never the newest: readers wait for its number.
  const auto oldest = loudest->second == 1
                          ? records_.begin()
                          : std::find_if(records_.begin(), records_.end(), [&](const auto& record) {
                              return record.program == loudest->first;
                            });
  const auto count = counts_.find(oldest->program);
  if (--count->second == 0) counts_.erase(count);
  records_.erase(oldest);
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

std::uint64_t EventLog::before_last(std::size_t count) const {
  const std::lock_guard lock(mutex_);
  if (count == 0) return last_seq_;
  if (records_.size() <= count) return 0;
  return records_[records_.size() - count].seq - 1;
}

}  // namespace holdfast::supervisor
