// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/alert_view.hpp"

#include "supervisor/alerts/condition_table.hpp"

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

bool is_about(const FleetSnapshot& snapshot, const std::string& program) {
  const auto& programs = snapshot.view.programs;
  return program.empty() || std::any_of(programs.begin(), programs.end(), [&](const auto& one) {
           return one.config->name == program;
         });
}

}  // namespace

std::vector<ActiveAlert> merge(std::vector<ActiveAlert> now, const AlertView& view,
                               const FleetSnapshot& snapshot) {
  for (const ShownAlert& shown : view.firing) {
    const Alert& alert = shown.alert;
    const auto same = std::find_if(now.begin(), now.end(), [&](const ActiveAlert& one) {
      return one.name == alert.key.name && one.target == alert.key.target;
    });
    const std::string silenced =
        shown.silenced_until ? format_rfc3339(*shown.silenced_until) : std::string();
    if (same != now.end()) {
      same->severity = to_string(alert.severity);
      same->firing = true;
      same->silenced_until = silenced;
      if (!same->since) same->since = shown.since;
      continue;
    }
    // A state that is not there any more is about to be resolved.
    const Condition* const condition = find_condition(alert.key.name);
    if (condition == nullptr || condition->kind != Condition::Kind::Event) continue;
    if (!shown.inhibited.empty()) continue;  // another one says more
    if (!is_about(snapshot, alert.program)) continue;
    ActiveAlert one;
    one.name = alert.key.name;
    one.severity = to_string(alert.severity);
    one.target = alert.key.target;
    one.summary = alert.summary;
    one.since = shown.since;
    one.program = alert.program;
    one.firing = true;
    one.count = alert.count;
    one.silenced_until = silenced;
    now.push_back(std::move(one));
  }
  sort_by_severity(now);
  return now;
}

}  // namespace holdfast::supervisor::alerts
