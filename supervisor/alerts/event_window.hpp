// SPDX-License-Identifier: Apache-2.0
#pragma once

// EventWindow: whether `count` events have happened within a sliding window. Exact, for it keeps
// the times of the last `count` events; O(1) for each event, however many there are.
//
// Threads: one owner; pure. Times must not decrease.

#include "common/base/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace holdfast::supervisor::alerts {

class EventWindow {
 public:
  explicit EventWindow(std::uint32_t count) : count_(std::max(count, 1u)) {}

  // `weight` events at once.
  void add(MonoTime time, std::uint64_t weight = 1) {
    for (std::uint64_t left = std::min<std::uint64_t>(weight, count_); left > 0; --left) {
      if (times_.size() < count_) {
        times_.push_back(time);
      } else {
        times_[oldest_] = time;
        oldest_ = (oldest_ + 1) % count_;
      }
    }
    if (weight > 0) newest_ = time;
  }

  // The time of the `count`-th newest event; none: there have not been so many.
  std::optional<MonoTime> reached_by() const {
    return times_.size() < count_ ? std::nullopt : std::optional(times_[oldest_]);
  }
  std::optional<MonoTime> newest() const { return newest_; }
  bool is_reached(MonoTime now, Duration window) const {
    return times_.size() == count_ && times_[oldest_] > now - window;
  }
  // The newest times are kept.
  void resize(std::uint32_t count) {
    count = std::max(count, 1u);
    if (count == count_) return;
    const auto by = [](std::size_t n) { return static_cast<std::ptrdiff_t>(n); };
    std::rotate(times_.begin(), times_.begin() + by(oldest_), times_.end());
    if (times_.size() > count) times_.erase(times_.begin(), times_.end() - by(count));
    oldest_ = 0;
    count_ = count;
  }

 private:
  std::uint32_t count_;
  std::vector<MonoTime> times_;  // a ring once it is full
  std::size_t oldest_ = 0;
  std::optional<MonoTime> newest_;
};

}  // namespace holdfast::supervisor::alerts
