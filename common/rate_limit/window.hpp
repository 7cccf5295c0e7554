// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sliding window as arithmetic, without clocks, memory or threads.
//
// A window is kParts parts long. Admissions are counted by one running total, and a mark for each
// part in which there was any says what the total was when that part began. The window of a moment
// is the part it lies in and the kParts before it, all of them whole: so it is never shorter than
// the policy's window and at most one part longer. From that follows what the limiter promises:
//
// - no interval as long as the window ever holds more admissions than the limit;
// - a request is refused only if the window and one part more (65 s for a minute) are full.
//
// Totals are kTotalBits wide and wrap around; only differences count. Threads: pure functions.

#include "common/rate_limit/decision.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace holdfast::rate_limit {

inline constexpr std::uint64_t kParts = 12;
inline constexpr std::size_t kMarks = kParts + 1;  // the parts that one window can touch
inline constexpr unsigned kTotalBits = 31;
inline constexpr std::uint32_t kTotalMask = (1u << kTotalBits) - 1;
static_assert(kMaxLimit < kTotalMask / 2, "a live count must not wrap around");

Duration part_length(Duration window);
// The number of the part in which `now`, counted from any fixed origin, lies.
std::uint64_t part_of(Duration now, Duration window);

struct Mark {
  std::uint64_t part = 0;
  std::uint32_t total = 0;  // when the part began
};

// The marks of one key whose part lies in the window, in any order, and its total.
struct History {
  std::array<Mark, kMarks> marks{};
  std::size_t size = 0;
  std::uint32_t total = 0;

  void add(Mark mark) { marks[size++] = mark; }
};

// Whether one more is admitted at `now`. If so, and Count::Take, the decision is the one after it;
// the mark of now's part is among the marks, or is taken to be the present total.
RateDecision decide(History history, const Policy& policy, Duration now, Count count);

// Admissions in the window, without what is to come.
std::uint32_t live_count(const History& history);

}  // namespace holdfast::rate_limit
