// SPDX-License-Identifier: Apache-2.0
#pragma once

// A rate limit and its decisions. Values; any thread.

#include "common/base/clock.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::rate_limit {

// At most `limit` admissions in any `window`. Name and window identify a policy.
struct Policy {
  std::string name;
  std::uint32_t limit = 100;  // up to kMaxLimit
  Duration window = std::chrono::minutes(1);
};

// What applies to one request: the general policy first, then narrower ones.
using Policies = std::vector<Policy>;

inline constexpr std::uint32_t kMaxLimit = 1'000'000'000;

struct RateDecision {
  bool allowed = true;
  std::uint32_t remaining = 0;  // admissions left now, this one counted
  // Time until the count decreases: if refused, by enough for one admission; if allowed, by any
  // amount. Zero if nothing is counted.
  Duration relief{};
};

// Whether a decision takes one admission or only checks that there is one.
enum class Count { Take, Peek };

}  // namespace holdfast::rate_limit
