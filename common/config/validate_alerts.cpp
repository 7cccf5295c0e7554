// SPDX-License-Identifier: Apache-2.0
#include "common/base/duration.hpp"
#include "common/config/alert_names.hpp"
#include "common/config/validate.hpp"

namespace holdfast::config {

void validate_alerts(const Config& config, LoadReport& report) {
  const Alerts& alerts = config.alerts;
  if (alerts.repeat_interval < alerts.cooldown) {
    report.problem(
        "alerts", "repeat_interval",
        fmt::format("repeat_interval: {} is shorter than cooldown, {}",
                    format_duration(alerts.repeat_interval), format_duration(alerts.cooldown)));
  }
  for (const auto& [name, rule] : config.alert_rules) {
    const AlertName* const known = find_alert_name(name);
    if (known == nullptr) continue;
    const std::string section = "alert_rule." + name;
    const auto useless = [&, &alert = name](const char* key, bool given, const char* why) {
      if (given)
        report.warning(section, key, fmt::format("{} has no effect: {} {}", key, alert, why));
    };
    const bool state = known->kind == AlertName::Kind::State;
    useless("for", rule.hold && !state, "follows from events; use count and window");
    useless("count", rule.count && state, "follows from a state that lasts; use 'for'");
    useless("window", rule.window && state, "follows from a state that lasts; use 'for'");
    useless("threshold", rule.threshold && !known->has_threshold, "has no threshold");
  }
}

}  // namespace holdfast::config
