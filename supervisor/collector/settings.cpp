// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/settings.hpp"

#include "common/config/gauge_rule.hpp"

namespace holdfast::supervisor::telemetry {

LedgerSettings ledger_settings(const config::Metrics& metrics) {
  GaugeRules::Configured rules;
  for (const std::string& line : metrics.gauge_rules) {
    if (auto rule = config::parse_gauge_rule(line)) rules.emplace_back(rule->glob, rule->rule);
  }
  LedgerSettings settings;
  settings.gauge_rules = GaugeRules(std::move(rules));
  settings.stale_after = metrics.stale_after;
  settings.retired_family_ttl = metrics.forget_after;
  settings.limits.series_per_source = metrics.max_series_per_worker;
  settings.limits.series_total = metrics.max_series;
  return settings;
}

}  // namespace holdfast::supervisor::telemetry
