// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the collector says of its own work, as families of the catalogue. Pure.
// Threads: any.

#include "common/base/clock.hpp"
#include "common/metrics/model.hpp"
#include "supervisor/logs/log_relay.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

// With the buckets that the catalogue declares.
metrics::HistogramValue empty_histogram(std::string_view name);
void observe(metrics::HistogramValue& histogram, Duration value);

// (program, reason) -> how often
using FetchErrors = std::map<std::pair<std::string, std::string>, std::uint64_t>;
metrics::Family fetch_error_family(const FetchErrors& errors);

std::vector<metrics::Family> log_families(const process::RelayCounters& counters);
std::vector<metrics::Family> collection_families(std::uint64_t complete, std::uint64_t partial,
                                                 const metrics::HistogramValue& collect,
                                                 const metrics::HistogramValue& aggregate,
                                                 const metrics::HistogramValue& age_at_exit);

// holdfast_metrics_up and the age of each worker's last good answer.
class WorkerFamilies {
 public:
  WorkerFamilies();
  void add(const std::string& worker, bool up, std::optional<Duration> age);
  std::vector<metrics::Family> take() &&;

 private:
  metrics::Family up_;
  metrics::Family age_;
  std::set<std::string> seen_;
};

}  // namespace holdfast::supervisor::telemetry
