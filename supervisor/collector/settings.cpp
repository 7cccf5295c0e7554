// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/settings.hpp"

#include "common/config/gauge_rule.hpp"

namespace holdfast::supervisor::collector {

telemetry::LedgerSettings ledger_settings(const config::Metrics& metrics) {
  telemetry::GaugeRules::Configured rules;
  for (const std::string& line : metrics.gauge_rules) {
    if (auto rule = config::parse_gauge_rule(line)) rules.emplace_back(rule->glob, rule->rule);
  }
  telemetry::LedgerSettings settings;
  settings.gauge_rules = telemetry::GaugeRules(std::move(rules));
  settings.stale_after = metrics.stale_after;
  settings.retired_family_ttl = metrics.forget_after;
  settings.limits.series_per_source = metrics.max_series_per_worker;
  settings.limits.series_total = metrics.max_series;
  return settings;
}

}  // namespace holdfast::supervisor::collector
