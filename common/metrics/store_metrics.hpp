// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metrics of a worker's store: its commits and reads with their times; what concerns the
// connections of an engine that has them (PostgreSQL), the files of one that has those (SQLite);
// and the queue in it.
//
// Threads: the functions, FileMetrics and QueueMetrics may be used by any; the registry outlives
// them. A ConnectionMetrics belongs to one thread.

#include "common/base/clock.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast::metrics {

std::function<void(Duration)> commit_observer(prometheus::Registry& registry);
std::function<void(Duration)> read_observer(prometheus::Registry& registry);
std::function<void(Duration)> pool_wait_observer(prometheus::Registry& registry);

// The files of the embedded engine.
class FileMetrics {
 public:
  explicit FileMetrics(prometheus::Registry& registry);

  struct Use {
    std::uint64_t database = 0;
    std::uint64_t log = 0;
    std::uint64_t free = 0;
  };
  void show(const Use& use);

 private:
  prometheus::Gauge& database_;
  prometheus::Gauge& log_;
  prometheus::Gauge& free_;
};

// What a queue holds. Every worker of the stack reports it, so that it is known, too, when no queue
// worker runs; the supervisor takes the largest figure, and adds nothing up.
class QueueMetrics {
 public:
  QueueMetrics(prometheus::Registry& registry, const std::string& queue);

  struct Sizes {
    std::int64_t ready = 0, waiting = 0, running = 0, done = 0, cancelled = 0, dead = 0;
    std::int64_t oldest_ready_ms = 0;  // how long it has been due
    bool paused = false;
  };
  void show(const Sizes& sizes);

 private:
  prometheus::Gauge& ready_;
  prometheus::Gauge& waiting_;
  prometheus::Gauge& running_;
  prometheus::Gauge& done_;
  prometheus::Gauge& cancelled_;
  prometheus::Gauge& dead_;
  prometheus::Gauge& oldest_age_;
  prometheus::Gauge& paused_;
};

class ConnectionMetrics {
 public:
  explicit ConnectionMetrics(prometheus::Registry& registry);

  // What a store says of itself before each scrape; `made` and `failures` are totals.
  struct Use {
    std::uint64_t open = 0;
    std::uint64_t busy = 0;
    std::uint64_t made = 0;
    std::uint64_t failures = 0;
    bool listening = false;
  };
  void show(const Use& use);

 private:
  prometheus::Gauge& open_;
  prometheus::Gauge& busy_;
  prometheus::Gauge& listening_;
  prometheus::Counter& made_;
  prometheus::Counter& failures_;
};

}  // namespace holdfast::metrics
