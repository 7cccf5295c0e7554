// SPDX-License-Identifier: Apache-2.0
#pragma once

// The recent past of the stack in a few figures, for the status page: what the totals of two
// moments say about the time between them, kept for five minutes. Pure.
//
// Threads: one at a time (the telemetry thread). Units: as the names say.

#include "common/base/clock.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

inline constexpr Duration kHistoryInterval = std::chrono::seconds(2);

// Cumulative, as in an exposition: what took at most bounds[i] is in buckets[i].
struct LatencyTotals {
  std::vector<double> bounds;
  std::vector<std::uint64_t> buckets;
  std::uint64_t count = 0;
};

using Queues = std::map<std::string, std::map<std::string, std::uint64_t>>;  // queue, state, jobs

// How many of the workers that use a thing can use it now. What cannot be counted is none or all.
struct Reach {
  std::uint32_t reached = 0;
  std::uint32_t workers = 0;
};

// Everything counted so far. Empty: no worker has ever said anything about it.
struct Totals {
  MonoTime at{};
  std::int64_t unix_ms = 0;
  std::optional<double> requests;
  double errors = 0;  // of the requests, those that were answered with 5xx
  std::optional<LatencyTotals> latency;
  std::optional<Queues> queues;
  std::optional<Reach> database;
  std::optional<Reach> redis;
  std::optional<double> memory_bytes;
};

struct HistoryPoint {
  std::int64_t unix_ms = 0;
  std::optional<double> requests_per_second;
  std::optional<double> errors_per_second;
  std::optional<double> p99_seconds;  // empty too when there was no request
  std::optional<double> queue_depth;  // jobs that wait or run
  std::optional<double> memory_bytes;
};

// The value that `quantile` (0 to 1) of the observations do not exceed, by linear interpolation in
// its bucket, as PromQL's histogram_quantile has it; the highest bound if it lies beyond. Empty
// without observations or bounds.
std::optional<double> quantile_of(double quantile, const LatencyTotals& latency);

// What happened from `before` to `now`. A total that fell, or bounds that changed, count from zero.
HistoryPoint point_between(const Totals& before, const Totals& now);

class StackHistory {
 public:
  explicit StackHistory(std::size_t capacity = 150) : capacity_(capacity) {}

  // The first totals only say where to count from.
  void add(Totals totals);

  const std::deque<HistoryPoint>& points() const { return points_; }  // oldest first
  std::size_t capacity() const { return capacity_; }
  const std::optional<Totals>& latest() const { return last_; }

 private:
  const std::size_t capacity_;
  std::optional<Totals> last_;
  std::deque<HistoryPoint> points_;
};

}  // namespace holdfast::supervisor::telemetry
