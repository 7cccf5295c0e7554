// SPDX-License-Identifier: Apache-2.0
#pragma once

// Gate: when a receiver may be sent anything at all. A token bucket keeps bursts short; failures in
// a row back off, with full jitter; a 429 closes it for as long as it asks; a refused address
// closes it for an hour, or until the configuration is read again.
//
// Threads: one owner; pure.

#include "common/base/clock.hpp"

#include <cstdint>
#include <optional>

namespace holdfast::supervisor::alerts {

inline constexpr Duration kBackoffBase = std::chrono::seconds(1);
inline constexpr Duration kBackoffCap = std::chrono::seconds(60);
inline constexpr Duration kLongestPause = std::chrono::minutes(5);
inline constexpr Duration kSuspension = std::chrono::hours(1);

// `random` (0 to 1) of base x 2^(failures-1), at most the cap; at least a tenth of a second.
Duration full_jitter(std::uint32_t failures, double random);

class Gate {
 public:
  // When the next attempt may begin: `now` or earlier means at once.
  MonoTime opens_at(MonoTime now) const;
  void attempted(MonoTime now);  // takes a token

  void answered();  // it was reached, whatever it said
  void failed(MonoTime now, double random);
  void limited(MonoTime now, std::optional<Duration> wait, double random);
  void suspend(MonoTime now);
  void reset();

 private:
  double tokens_at(MonoTime now) const;

  double tokens_ = 3;
  MonoTime counted_at_{};
  std::uint32_t failures_ = 0;  // in a row
  MonoTime closed_until_{};
};

}  // namespace holdfast::supervisor::alerts
