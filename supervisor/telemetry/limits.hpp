// SPDX-License-Identifier: Apache-2.0
#pragma once

// What workers may cost the supervisor. A series is one line of the exposition, so a histogram with
// 12 bounds counts as 15. Beyond a limit, known series keep updating; new ones are dropped and
// counted.
//
// Threads: a value.

#include <cstddef>

namespace holdfast::supervisor::telemetry {

struct LedgerLimits {
  std::size_t series_per_source = 10'000;
  std::size_t series_total = 50'000;
  std::size_t labels = 64;               // per series
  std::size_t label_value_bytes = 1024;  // as written, escapes included
  std::size_t snapshot_bytes = 16u << 20;
};

}  // namespace holdfast::supervisor::telemetry
