// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/gauge_rules.hpp"

#include <array>

namespace holdfast::supervisor::telemetry {
namespace {

using metrics::GaugeRule;

constexpr std::array<std::pair<std::string_view, GaugeRule>, 13> kByName{{
    {"*_info", GaugeRule::First},
    {"*_timestamp_seconds", GaugeRule::Max},
    {"*_start_time_seconds", GaugeRule::Max},
    {"*_ratio", GaugeRule::Average},
    {"*_utilization*", GaugeRule::Average},
    {"process_*", GaugeRule::All},
    // The usual metrics of runtimes: prom-client's means and quantiles of the event loop, those of
    // Go's and the JVM's clients that are shares, limits or times.
    {"nodejs_eventloop_lag_min_seconds", GaugeRule::Min},
    {"nodejs_eventloop_lag_*", GaugeRule::Max},
    {"nodejs_eventloop_utilization*", GaugeRule::Average},
    {"go_gc_*", GaugeRule::Max},
    {"*_last_gc_time_seconds", GaugeRule::Max},
    {"*_fraction", GaugeRule::Average},
    {"*_percent", GaugeRule::Average},
}};

}  // namespace

bool glob_match(std::string_view pattern, std::string_view text) {
  // Backtracking to the latest star is enough: an earlier star never needs to match more.
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = t;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t])) {
      ++p;
      ++t;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      t = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*')
    ++p;
  return p == pattern.size();
}

GaugeRule GaugeRules::rule_for(std::string_view name, metrics::Type type) const {
  for (const auto& [pattern, rule] : configured_) {
    if (glob_match(pattern, name)) return rule;
  }
  if (type == metrics::Type::Untyped) return GaugeRule::All;
  if (const auto* declared = metrics::find_declaration(name)) return declared->rule;
  for (const auto& [pattern, rule] : kByName) {
    if (glob_match(pattern, name)) return rule;
  }
  return GaugeRule::Sum;
}

}  // namespace holdfast::supervisor::telemetry
