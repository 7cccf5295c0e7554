// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metrics of a worker's store: its commits and reads with their times, and what concerns the
// connections of an engine that has them (PostgreSQL).
//
// Threads: the functions may be called from any; the registry outlives them. A ConnectionMetrics
// belongs to one thread.

#include "common/base/clock.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>

#include <cstdint>
#include <functional>

namespace holdfast::metrics {

std::function<void(Duration)> commit_observer(prometheus::Registry& registry);
std::function<void(Duration)> read_observer(prometheus::Registry& registry);
std::function<void(Duration)> pool_wait_observer(prometheus::Registry& registry);

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
