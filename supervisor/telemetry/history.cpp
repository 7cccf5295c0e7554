// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/history.hpp"

#include <algorithm>

namespace holdfast::supervisor::telemetry {

namespace {

double rate(double before, double now, double seconds) {
  return (now >= before ? now - before : now) / seconds;
}

LatencyTotals difference(const std::optional<LatencyTotals>& before, const LatencyTotals& now) {
  LatencyTotals delta = now;
  if (!before || before->bounds != now.bounds || before->count > now.count) return delta;
  delta.count -= before->count;
  for (std::size_t i = 0; i < delta.buckets.size(); ++i)
    delta.buckets[i] -= std::min(delta.buckets[i], before->buckets[i]);
  return delta;
}

double depth(const Queues& queues) {
  std::uint64_t jobs = 0;
  for (const auto& [queue, states] : queues) {
    for (const auto& [state, count] : states)
      jobs += state == "ready" || state == "running" || state == "waiting" ? count : 0;
  }
  return static_cast<double>(jobs);
}

}  // namespace

std::optional<double> quantile_of(double quantile, const LatencyTotals& latency) {
  if (latency.count == 0 || latency.bounds.empty()) return std::nullopt;
  const double rank = quantile * latency.count;
  for (std::size_t i = 0; i < latency.bounds.size(); ++i) {
    const auto upto = latency.buckets[i];
    if (upto < rank || upto == 0) continue;
    const double below = i == 0 ? 0 : latency.buckets[i - 1];
    const double low = i == 0 ? std::min(0.0, latency.bounds[0]) : latency.bounds[i - 1];
    const double share = upto > below ? (rank - below) / (upto - below) : 1;
    return low + (latency.bounds[i] - low) * std::clamp(share, 0.0, 1.0);
  }
  return latency.bounds.back();
}

HistoryPoint point_between(const Totals& before, const Totals& now) {
  HistoryPoint point;
  point.unix_ms = now.unix_ms;
  point.memory_bytes = now.memory_bytes;
  if (now.queues) point.queue_depth = depth(*now.queues);
  const double seconds = std::chrono::duration<double>(now.at - before.at).count();
  if (seconds <= 0) return point;
  if (now.requests) {
    point.requests_per_second = rate(before.requests.value_or(0), *now.requests, seconds);
    point.errors_per_second = rate(before.errors, now.errors, seconds);
  }
  if (now.latency) point.p99_seconds = quantile_of(0.99, difference(before.latency, *now.latency));
  return point;
}

void StackHistory::add(Totals totals) {
  if (last_) {
    points_.push_back(point_between(*last_, totals));
    if (points_.size() > capacity_) points_.pop_front();
  }
  last_ = std::move(totals);
}

}  // namespace holdfast::supervisor::telemetry
