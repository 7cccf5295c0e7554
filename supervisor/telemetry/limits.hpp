// SPDX-License-Identifier: Apache-2.0
#pragma once

// What workers may cost the supervisor. A series is one line of the exposition, so a histogram with
// 12 bounds counts as 15. Beyond a limit, known series keep updating; new ones are dropped and
// counted.
//
// Threads: a value.

#include <algorithm>
#include <cstddef>

namespace holdfast::supervisor::telemetry {

struct LedgerLimits {
  std::size_t series_per_source = 10'000;
  std::size_t series_total = 50'000;
  std::size_t labels = 64;               // per series
  std::size_t label_value_bytes = 1024;  // as written, escapes included
  std::size_t snapshot_bytes = 16u << 20;
  // A series has this many bytes on average, in an answer and as the name that is kept: without it,
  // series at their longest would take a thousand times as much memory as usual ones.
  std::size_t bytes_per_series = 512;

  // What is read of one answer: comments take lines, too. The rest is left out.
  std::size_t answer_lines() const { return std::max<std::size_t>(4 * series_per_source, 1000); }
  std::size_t bytes_per_source() const { return bytes_of(series_per_source); }
  std::size_t bytes_total() const { return bytes_of(series_total); }

 private:
  std::size_t bytes_of(std::size_t series) const {
    return std::max<std::size_t>(series * bytes_per_series, 64u << 10);
  }
};

}  // namespace holdfast::supervisor::telemetry
