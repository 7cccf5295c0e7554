// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/alert_families.hpp"

#include "common/metrics/catalogue.hpp"
#include "supervisor/alerts/condition_table.hpp"

#include <map>
#include <utility>

namespace holdfast::supervisor::alerts {

std::vector<metrics::Family> alert_families(const AlertView& view) {
  metrics::Family firing = metrics::declared_family("holdfast_alerts_firing");
  std::map<std::pair<std::string, std::string>, double> numbers;
  // Each at 0 where it does not fire, so that a graph shows no gap.
  for (const Condition& condition : conditions()) {
    if (condition.kind != Condition::Kind::Elsewhere)
      numbers[{std::string(condition.name), std::string(to_string(condition.severity))}] = 0;
  }
  for (const ShownAlert& shown : view.firing)
    ++numbers[{shown.alert.key.name, std::string(to_string(shown.alert.severity))}];
  for (const auto& [labels, number] : numbers)
    firing.add({{"alertname", labels.first}, {"severity", labels.second}}, number);

  metrics::Family errors = metrics::declared_family("holdfast_errors_total");
  for (const auto& [program, number] : view.errors)
    errors.add({{"program", program}}, static_cast<double>(number));

  metrics::Family withheld = metrics::declared_family("holdfast_notifications_suppressed_total");
  for (const char* reason : {"cooldown", "disabled", "inhibited", "silenced"}) {
    const auto found = view.withheld.find(reason);
    withheld.add({{"reason", reason}},
                 found == view.withheld.end() ? 0 : static_cast<double>(found->second));
  }
  return {std::move(firing), std::move(errors), std::move(withheld)};
}

}  // namespace holdfast::supervisor::alerts
