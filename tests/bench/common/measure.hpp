// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is measured of processes, and the numbers made of it. Times are CLOCK_MONOTONIC.

#include "tests/bench/common/stamp.hpp"

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::bench {

// The FIFO into which the children write; made at construction, open for both ends, so that no
// child waits for a reader.
class Stamps {
 public:
  explicit Stamps(const std::filesystem::path& path);
  Stamps(const Stamps&) = delete;
  Stamps& operator=(const Stamps&) = delete;
  ~Stamps();

  // The next `count` stamps; throws when they do not come within `limit`.
  std::vector<Stamp> take(std::size_t count, std::chrono::seconds limit);
  void forget();  // what nobody took

 private:
  int fd_;
};

// A supervisor's own processes: it and its descendants that are no bench_child.
struct Footprint {
  std::size_t processes = 0;
  std::size_t descriptors = 0;
  double pss_mib = 0;
  double cpu_ms = 0;  // used so far, by all threads that live
};
Footprint footprint_of(pid_t supervisor);

inline double ms_between(std::int64_t from_ns, std::int64_t to_ns) {
  return static_cast<double>(to_ns - from_ns) / 1e6;
}
std::int64_t last_of(const std::vector<Stamp>& stamps);

// Of an unsorted sample; `share` 0.5 is the median.
double percentile(std::vector<double> sample, double share);
inline double median(std::vector<double> sample) {
  return percentile(std::move(sample), 0.5);
}

}  // namespace holdfast::bench
