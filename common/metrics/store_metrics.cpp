// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/store_metrics.hpp"

#include "common/metrics/instruments.hpp"

namespace holdfast::metrics {

namespace {

prometheus::Gauge& size_gauge(prometheus::Registry& registry, const std::string& queue,
                              const char* state) {
  return Gauges(registry, "queue_size").with({{"queue", queue}, {"state", state}});
}

}  // namespace

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
  return
      [&seconds](Duration took) { seconds.Observe(std::chrono::duration<double>(took).count()); };
}

std::function<void(Duration)> pool_wait_observer(prometheus::Registry& registry) {
  prometheus::Histogram& seconds = Histograms(registry, "store_pool_wait_seconds").only();
  return [&seconds](Duration waited) {
    seconds.Observe(std::chrono::duration<double>(waited).count());
  };
}

FileMetrics::FileMetrics(prometheus::Registry& registry)
    : database_(Gauges(registry, "store_database_bytes").only()),
      log_(Gauges(registry, "store_wal_bytes").only()),
      free_(Gauges(registry, "store_disk_free_bytes").only()) {}

void FileMetrics::show(const Use& use) {
  database_.Set(static_cast<double>(use.database));
  log_.Set(static_cast<double>(use.log));
  free_.Set(static_cast<double>(use.free));
}

QueueMetrics::QueueMetrics(prometheus::Registry& registry, const std::string& queue)
    : ready_(size_gauge(registry, queue, "ready")),
      waiting_(size_gauge(registry, queue, "waiting")),
      running_(size_gauge(registry, queue, "running")),
      done_(size_gauge(registry, queue, "done")),
      cancelled_(size_gauge(registry, queue, "cancelled")),
      dead_(size_gauge(registry, queue, "dead")),
      oldest_age_(Gauges(registry, "queue_oldest_ready_age_seconds").with({{"queue", queue}})),
      paused_(Gauges(registry, "queue_paused").with({{"queue", queue}})) {}

void QueueMetrics::show(const Sizes& sizes) {
  ready_.Set(static_cast<double>(sizes.ready));
  waiting_.Set(static_cast<double>(sizes.waiting));
  running_.Set(static_cast<double>(sizes.running));
  done_.Set(static_cast<double>(sizes.done));
  cancelled_.Set(static_cast<double>(sizes.cancelled));
  dead_.Set(static_cast<double>(sizes.dead));
  oldest_age_.Set(static_cast<double>(sizes.oldest_ready_ms) / 1000);
  paused_.Set(sizes.paused ? 1 : 0);
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
