// SPDX-License-Identifier: Apache-2.0
#pragma once

// Chooses the rule that merges a gauge: the first matching glob of the configuration, else the
// catalogue, else a default by name (*_info, *_timestamp_seconds, …), else the sum over live
// workers. Untyped metrics are shown per worker unless the configuration says otherwise.
//
// Threads: immutable after construction.

#include "common/metrics/catalogue.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

class GaugeRules {
 public:
  using Configured = std::vector<std::pair<std::string, metrics::GaugeRule>>;

  GaugeRules() = default;
  explicit GaugeRules(Configured configured) : configured_(std::move(configured)) {}

  metrics::GaugeRule rule_for(std::string_view name,
                              metrics::Type type = metrics::Type::Gauge) const;

 private:
  Configured configured_;
};

}  // namespace holdfast::supervisor::telemetry
