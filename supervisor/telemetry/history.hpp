// SPDX-License-Identifier: Apache-2.0
#pragma once

// StackHistory: the last five minutes of the stack in a few figures, for the status page. Each
// point is computed from the totals at its beginning and end.
//
// Threads: one at a time (the telemetry thread); pure. Units: as the names say.

#include "common/base/clock.hpp"
#include "supervisor/telemetry/program_errors.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

inline constexpr Duration kHistoryInterval = std::chrono::seconds(2);

// Cumulative, as in an exposition: buckets[i] counts what took at most bounds[i].
struct LatencyTotals {
  std::vector<double> bounds;
  std::vector<double> buckets;
  double count = 0;
};

using Queues = std::map<std::string, std::map<std::string, std::uint64_t>>;  // queue, state, jobs

// How many of the workers that use a dependency can reach it now.
struct Reach {
  std::uint32_t reached = 0;
  std::uint32_t workers = 0;
  std::vector<std::string> cut_off{};  // the programs none of whose workers can; of the store only
};

// Everything counted so far. Empty: no worker has reported it.
struct Totals {
  MonoTime at{};
  std::int64_t unix_ms = 0;
  std::optional<double> requests;
  double errors = 0;  // requests answered with 5xx
  std::optional<LatencyTotals> latency;
  std::optional<Queues> queues;
  std::optional<Reach> database;
  std::optional<Reach> redis;
  std::optional<Reach> embedding;  // the embedding provider, if it is on a network
  std::optional<double> memory_bytes;
  ProgramErrors program_errors;
  std::map<std::string, double> oldest_job_seconds;  // by queue: how long it has been due
  std::optional<double> api_keys_expiring;
  std::optional<double> store_disk_free;  // bytes, for an embedded store
  double store_log_bytes = 0;
};

struct HistoryPoint {
  std::int64_t unix_ms = 0;
  std::optional<double> requests_per_second;
  std::optional<double> errors_per_second;
  std::optional<double> p99_seconds;  // also empty if there was no request
  std::optional<double> queue_depth;  // jobs waiting or running
  std::optional<double> memory_bytes;
};

// The `quantile` (0 to 1) of the observations, by linear interpolation within its bucket, as
// PromQL's histogram_quantile computes it; the highest bound if it lies beyond. Empty without
// observations or bounds.
std::optional<double> quantile_of(double quantile, const LatencyTotals& latency);

// The figures from `before` to `now`. A total that decreased, or changed bounds, counts from zero.
HistoryPoint point_between(const Totals& before, const Totals& now);

class StackHistory {
 public:
  explicit StackHistory(std::size_t capacity = 150) : capacity_(capacity) {}

  // The first totals are only the baseline.
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
