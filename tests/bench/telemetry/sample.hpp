// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scrapes of one system, one after the other.

#include "tests/bench/telemetry/systems.hpp"

#include <string>
#include <vector>

namespace holdfast::bench {

struct Sample {
  std::vector<double> ms;
  std::size_t bytes = 0;
  double cpu_ms = 0;         // of all scrapes together, of the whole tree of processes
  std::size_t left_out = 0;  // scrapes that lacked series or had old values; they cost CPU, too

  void add(const Sample& other);
  double p(double share) const;
  double cpu_each() const;
};

// Two warm-ups, then `count` scrapes, or as many as begin within `seconds` but at least three. One
// counts if its status is 200, every series is there and, for Holdfast, `moving` workers have newer
// values than before; the others are left out. Half a minute after the time is over it ends with
// what it has, which may be nothing. Pauses between scrapes for longer than the 100 ms for which
// Holdfast reuses a round, so that every scrape asks the workers.
Sample take_sample(System& system, const Workload& workload, std::size_t moving, int count,
                   int seconds);

}  // namespace holdfast::bench
