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

}  // namespace holdfast::metrics
