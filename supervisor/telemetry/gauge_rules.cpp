// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/gauge_rules.hpp"

#include "common/text/glob.hpp"

#include <array>

namespace holdfast::supervisor::telemetry {
namespace {

using metrics::GaugeRule;

// The first that matches decides.
constexpr std::array<std::pair<std::string_view, GaugeRule>, 21> kByName{{
    {"*_info", GaugeRule::First},
    // Times: the sum of two means nothing.
    {"*_timestamp_seconds", GaugeRule::Max},
    {"*_timestamp", GaugeRule::Max},
    {"*_start_time_seconds", GaugeRule::Max},
    {"*_last_*_time_seconds", GaugeRule::Max},
    {"*_last_*_time", GaugeRule::Max},
    {"*_unixtime*", GaugeRule::Max},
    // Flags: all is well only if it is well in every worker.
    {"up", GaugeRule::Min},
    {"*_up", GaugeRule::Min},
    {"*_success", GaugeRule::Min},
    {"*_successful", GaugeRule::Min},
    {"*_healthy", GaugeRule::Min},
    // Shares.
    {"*_ratio", GaugeRule::Average},
    {"*_fraction", GaugeRule::Average},
    {"*_percent", GaugeRule::Average},
    {"*_utilization*", GaugeRule::Average},
    {"process_*", GaugeRule::All},
    // The usual metrics of runtimes: prom-client's means and quantiles of the event loop, Go's
    // limits and settings.
    {"nodejs_eventloop_lag_min_seconds", GaugeRule::Min},
    {"nodejs_eventloop_lag_*", GaugeRule::Max},
    {"go_gc_*", GaugeRule::Max},
    {"go_sched_gomaxprocs_threads", GaugeRule::Max},
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
