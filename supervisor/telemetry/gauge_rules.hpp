// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which rule merges a gauge: the configuration's globs in their order, then the catalogue, then
// what the name says (*_info, *_timestamp_seconds, …), then the sum of the live workers. What has
// no type is shown per worker, unless the configuration knows better.
//
// Threads: immutable after construction.

#include "common/metrics/catalogue.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

// `*` stands for any characters, `?` for one.
bool glob_match(std::string_view pattern, std::string_view text);

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
