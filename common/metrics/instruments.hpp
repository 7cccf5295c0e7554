// SPDX-License-Identifier: Apache-2.0
#pragma once

// Instruments: prometheus-cpp families made from the catalogue, so that no help text, label name or
// bucket is written twice. For start-up code: a name that is not declared, is declared with another
// type, or is used with other labels throws std::logic_error at once.
//
//   Counters jobs(registry, "queue_jobs_total");
//   prometheus::Counter& done = jobs.with({{"queue", "default"}, {"outcome", "done"}});
//   done.Increment();  // 5 ns; with() takes a lock and a hash: keep the reference
//
// Create the registry after fork and exec: a copied one counts everything twice.
//
// Threads: any; prometheus-cpp locks. The registry owns everything and must outlive the references.

#include "common/metrics/catalogue.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <string_view>

namespace holdfast::metrics {

template <class Metric>
class Instrument {
 public:
  Instrument(prometheus::Registry& registry, std::string_view name);

  // The series with exactly the declared labels, created at zero on first use. Create those with
  // known labels at start-up: a series that begins at 1 hides its first increment from rate().
  Metric& with(const prometheus::Labels& labels);
  Metric& only() { return with({}); }  // for metrics without labels

 private:
  const Declaration& declaration_;
  prometheus::Family<Metric>& family_;
};

using Counters = Instrument<prometheus::Counter>;
using Gauges = Instrument<prometheus::Gauge>;
using Histograms = Instrument<prometheus::Histogram>;

extern template class Instrument<prometheus::Counter>;
extern template class Instrument<prometheus::Gauge>;
extern template class Instrument<prometheus::Histogram>;

}  // namespace holdfast::metrics
