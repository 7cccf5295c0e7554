// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a rate limit is, and what it said. Values; any thread.

#include "common/base/clock.hpp"

#include <cstdint>
#include <string>

namespace holdfast::rate_limit {

// At most `limit` admissions in any `window`. Policies are told apart by name and window.
struct Policy {
  std::string name;
  std::uint32_t limit = 100;  // up to kMaxLimit
  Duration window = std::chrono::minutes(1);
};

inline constexpr std::uint32_t kMaxLimit = 1'000'000'000;

struct RateDecision {
  bool allowed = true;
  std::uint32_t remaining = 0;  // admissions left now, this one counted
  // Until the count goes down: by enough for one admission if this one was refused, by anything if
  // it was allowed. Zero if nothing is counted.
  Duration relief{};
};

// Whether a decision takes one admission, or only looks whether there is one.
enum class Count { Take, Peek };

}  // namespace holdfast::rate_limit
