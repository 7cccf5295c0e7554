// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/gauge_rules.hpp"

#include "common/text/glob.hpp"

#include <array>

namespace holdfast::supervisor::telemetry {
namespace {

using metrics::GaugeRule;

constexpr std::array<std::pair<std::string_view, GaugeRule>, 7> kByName{{
    {"*_info", GaugeRule::First},
    {"*_timestamp_seconds", GaugeRule::Max},
    {"*_start_time_seconds", GaugeRule::Max},
    {"*_ratio", GaugeRule::Average},
    {"*_utilization*", GaugeRule::Average},
    {"process_*", GaugeRule::All},
    {"nodejs_eventloop_lag_*", GaugeRule::Max},  // prom-client's: means and quantiles
}};

}  // namespace

GaugeRule GaugeRules::rule_for(std::string_view name, metrics::Type type) const {
  for (const auto& [pattern, rule] : configured_) {
    if (text::glob_match(pattern, name)) return rule;
  }
  if (type == metrics::Type::Untyped) return GaugeRule::All;
  if (const auto* declared = metrics::find_declaration(name)) return declared->rule;
  for (const auto& [pattern, rule] : kByName) {
    if (text::glob_match(pattern, name)) return rule;
  }
  return GaugeRule::Sum;
}

}  // namespace holdfast::supervisor::telemetry
