// SPDX-License-Identifier: Apache-2.0
#pragma once

// Chooses the rule that merges a gauge: the first matching glob of the configuration, else the
// catalogue, else its type (a state set), else its name (*_info, *_timestamp_seconds, …), else the
// sum over live workers. Untyped metrics are shown per worker unless the configuration says
// otherwise.
//
// Threads: immutable after construction.

#include "common/metrics/catalogue.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::supervisor::telemetry {

struct NameRule {
  std::string_view pattern;
  metrics::GaugeRule rule = metrics::GaugeRule::Sum;
  bool of_one = false;  // not after a plural: "db_connected" is a flag, "clients_connected" a count
};

// What a name says of its gauge; the first that matches decides. docs/metrics.md has the same.
std::span<const NameRule> name_rules();

// Whether a value of a gauge that no rule speaks of may be a time: its name has a word for one, and
// none for what is counted or measured in bytes. By the value alone 2e9 bytes would be one, too.
bool may_be_time(std::string_view name);

// Seconds or milliseconds since 1970, between 2001 and 2096.
inline bool looks_like_time(double value) {
  return (value >= 1e9 && value <= 4e9) || (value >= 1e12 && value <= 4e12);
}

class GaugeRules {
 public:
  using Configured = std::vector<std::pair<std::string, metrics::GaugeRule>>;

  GaugeRules() = default;
  explicit GaugeRules(Configured configured) : configured_(std::move(configured)) {}

  struct Choice {
    metrics::GaugeRule rule = metrics::GaugeRule::Sum;
    bool by_default = false;  // no rule speaks of it
  };
  Choice choose(std::string_view name, metrics::Type type = metrics::Type::Gauge,
                bool state_set = false) const;

 private:
  Configured configured_;
};

}  // namespace holdfast::supervisor::telemetry
