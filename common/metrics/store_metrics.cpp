// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/store_metrics.hpp"

#include "common/metrics/instruments.hpp"

namespace holdfast::metrics {

std::function<void(Duration)> commit_observer(prometheus::Registry& registry) {
  prometheus::Counter& commits = Counters(registry, "store_commits_total").only();
  prometheus::Histogram& seconds = Histograms(registry, "store_commit_seconds").only();
  return [&commits, &seconds](Duration took) {
    commits.Increment();
    seconds.Observe(std::chrono::duration<double>(took).count());
  };
}

std::function<void(Duration)> read_observer(prometheus::Registry& registry) {
  prometheus::Histogram& seconds = Histograms(registry, "store_read_seconds").only();
  return [&seconds](Duration took) {
    seconds.Observe(std::chrono::duration<double>(took).count());
  };
}

std::function<void(Duration)> pool_wait_observer(prometheus::Registry& registry) {
  prometheus::Histogram& seconds = Histograms(registry, "store_pool_wait_seconds").only();
  return [&seconds](Duration waited) {
    seconds.Observe(std::chrono::duration<double>(waited).count());
  };
}

ConnectionMetrics::ConnectionMetrics(prometheus::Registry& registry)
    : open_(Gauges(registry, "store_connections_open").only()),
      busy_(Gauges(registry, "store_connections_busy").only()),
      listening_(Gauges(registry, "store_listening").only()),
      made_(Counters(registry, "store_connections_made_total").only()),
      failures_(Counters(registry, "store_connect_failures_total").only()) {}

void ConnectionMetrics::show(const Use& use) {
  open_.Set(static_cast<double>(use.open));
  busy_.Set(static_cast<double>(use.busy));
  listening_.Set(use.listening ? 1 : 0);
  made_.Increment(static_cast<double>(use.made) - made_.Value());
  failures_.Increment(static_cast<double>(use.failures) - failures_.Value());
}

}  // namespace holdfast::metrics
