// SPDX-License-Identifier: Apache-2.0
#include "common/base/backoff.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast {

Duration full_jitter(std::int32_t attempt, Duration base, Duration cap, double random) {
  // In floating point: 2^63 nanoseconds overflow after few attempts at any useful base.
  const double exponent = static_cast<double>(std::max(attempt, 1) - 1);
  const double longest = std::min(static_cast<double>(cap.count()),
                                  static_cast<double>(base.count()) * std::exp2(exponent));
  return Duration(static_cast<Duration::rep>(longest * random));
}

Duration jittered(Duration period, double share, double random) {
  const double factor = 1 + share * (2 * random - 1);
  return Duration(static_cast<Duration::rep>(static_cast<double>(period.count()) * factor));
}

}  // namespace holdfast
