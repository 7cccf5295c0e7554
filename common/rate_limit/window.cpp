// SPDX-License-Identifier: Apache-2.0
#include "common/rate_limit/window.hpp"

#include <algorithm>

namespace holdfast::rate_limit {

namespace {

std::uint32_t since(const History& history, const Mark& mark) {
  return (history.total - mark.total) & kTotalMask;
}

// The part in which fewer than `threshold` of the admissions counted now are left. Marks in order.
std::uint64_t relief_part(const History& history, std::uint32_t threshold) {
  for (std::size_t i = 0; i < history.size; ++i) {
    const std::uint32_t left = i + 1 < history.size ? since(history, history.marks[i + 1]) : 0;
    if (left < threshold) return history.marks[i].part + kMarks;
  }
  return 0;
}

}  // namespace

Duration part_length(Duration window) {
  return Duration((window.count() + static_cast<std::int64_t>(kParts) - 1) /
                  static_cast<std::int64_t>(kParts));
}

std::uint64_t part_of(Duration now, Duration window) {
  return static_cast<std::uint64_t>(now / part_length(window));
}

std::uint32_t live_count(const History& history) {
  std::uint32_t count = 0;
  for (std::size_t i = 0; i < history.size; ++i)
    count = std::max(count, since(history, history.marks[i]));
  return count;
}

RateDecision decide(History history, const Policy& policy, Duration now, Count count) {
  const auto begin = history.marks.begin();
  const std::uint64_t part = part_of(now, policy.window);
  const bool marked = std::any_of(begin, begin + static_cast<std::ptrdiff_t>(history.size),
                                  [part](const Mark& mark) { return mark.part == part; });
  if (!marked && history.size < kMarks) history.add({part, history.total});
  std::sort(begin, begin + static_cast<std::ptrdiff_t>(history.size),
            [](const Mark& a, const Mark& b) { return a.part < b.part; });

  RateDecision decision;
  std::uint32_t live = live_count(history);
  decision.allowed = live < policy.limit;
  if (decision.allowed && count == Count::Take) {
    history.total = (history.total + 1) & kTotalMask;
    ++live;
  }
  decision.remaining = live < policy.limit ? policy.limit - live : 0;
  const std::uint32_t threshold = decision.allowed ? live : policy.limit;
  if (const std::uint64_t relief = relief_part(history, threshold); live > 0 && relief > 0) {
    decision.relief = part_length(policy.window) * static_cast<std::int64_t>(relief) - now;
  }
  return decision;
}

}  // namespace holdfast::rate_limit
