// SPDX-License-Identifier: Apache-2.0
// The part of the ledger that tells a few families as values.
#include "supervisor/telemetry/ledger.hpp"

namespace holdfast::supervisor::telemetry {

std::map<std::string_view, std::vector<SeriesValue>> Ledger::read(
    std::span<const std::string_view> families, MonoTime now) {
  std::map<std::string_view, std::vector<SeriesValue>> result;
  total_up(now);
  for (const std::string_view name : families) {
    const auto found = table_.by_name().find(name);
    if (found == table_.by_name().end()) continue;
    const std::vector<SeriesId>& sorted = table_.sorted(found->second);
    const FamilyEntry& family = table_.family(found->second);
    for (const SeriesId id : sorted) {
      SeriesValue value{std::string(table_.labels(id)), 0, 0, {}};
      if (family.merge == Merge::Distribution) {
        if (!table_.series(id).known) continue;
        value.counts = table_.series(id).distribution->value();
      } else if (const auto scalar = scalar_value(id, family.merge)) {
        value.value = *scalar;
        value.sources = cells_[id].any;
      } else {
        continue;
      }
      result[name].push_back(std::move(value));
    }
  }
  return result;
}

}  // namespace holdfast::supervisor::telemetry
