// SPDX-License-Identifier: Apache-2.0
#pragma once

// The sliding window as arithmetic, without clocks, memory or threads.
//
// A window is kParts parts long. Admissions are counted in one running total. Each part with an
// admission has a mark: the total when that part began. The window at any moment is the present
// part and the kParts before it, all of them whole, so it is never shorter than the policy's window
// and at most one part longer. Hence the limiter's guarantees:
//
// - no interval of the window's length ever contains more admissions than the limit;
// - a request is refused only if the window plus one part (65 s for a minute) is full.
//
// Totals are kTotalBits wide and wrap around; only differences matter. Threads: pure functions.

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
// The number of the part that contains `now`, counted from any fixed origin.
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

// Whether one more request is admitted at `now`. If so, Count::Take decides as if it were counted.
// If the part of `now` has no mark, its mark is taken to be the present total.
RateDecision decide(History history, const Policy& policy, Duration now, Count count);

// Admissions in the window so far.
std::uint32_t live_count(const History& history);

}  // namespace holdfast::rate_limit
