// SPDX-License-Identifier: Apache-2.0
#pragma once

// Heap figures from glibc's mallinfo2(3), where other runtimes report their garbage collector.
//
// Threads: any. update() walks malloc's arenas under their locks (microseconds): call it when
// metrics are collected, not per request.

#include "common/metrics/instruments.hpp"

namespace holdfast::metrics {

class HeapInstruments {
 public:
  explicit HeapInstruments(prometheus::Registry& registry);
  void update();

 private:
  prometheus::Gauge& used_;
  prometheus::Gauge& free_;
  prometheus::Gauge& mapped_;
};

}  // namespace holdfast::metrics
