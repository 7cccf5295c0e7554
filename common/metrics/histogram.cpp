// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/histogram.hpp"

#include "common/metrics/catalogue.hpp"

namespace holdfast::metrics {

HistogramValue declared_histogram(std::string_view name) {
  HistogramValue value;
  for (const double bound : declaration(name).buckets)
    value.buckets.push_back({bound, 0});
  return value;
}

void observe(HistogramValue& histogram, Duration value) {
  const double seconds = std::chrono::duration<double>(value).count();
  for (Bucket& bucket : histogram.buckets) {
    if (seconds <= bucket.upper_bound) ++bucket.cumulative_count;
  }
  ++histogram.count;
  histogram.sum += seconds;
}

}  // namespace holdfast::metrics
