// SPDX-License-Identifier: Apache-2.0
#include "common/worker/store_metrics.hpp"

#include "common/metrics/instruments.hpp"

namespace holdfast::worker {

std::function<void(Duration)> commit_observer(prometheus::Registry& registry) {
  prometheus::Counter& commits = metrics::Counters(registry, "store_commits_total").only();
  prometheus::Histogram& seconds = metrics::Histograms(registry, "store_commit_seconds").only();
  return [&commits, &seconds](Duration took) {
    commits.Increment();
    seconds.Observe(std::chrono::duration<double>(took).count());
  };
}

}  // namespace holdfast::worker
