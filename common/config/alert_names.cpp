// SPDX-License-Identifier: Apache-2.0
#include "common/config/alert_names.hpp"

#include <algorithm>

namespace holdfast::config {

const std::vector<AlertName>& alert_names() {
  using enum AlertName::Kind;
  static const std::vector<AlertName> kNames{
      {"HoldfastNotReady", State},
      {"HoldfastWorkerCrashLooping", State},
      {"HoldfastStoreUnavailable", State},
      {"HoldfastRedisUnavailable", State},
      {"HoldfastListenerShutDown", State},
      {"HoldfastReloadFailed", State},
      {"HoldfastScheduledRunFailed", State},
      {"HoldfastMemoryHigh", State},
      {"HoldfastEmbeddingUnavailable", State},
      {"HoldfastQueueBacklog", State, true},
      {"HoldfastApiKeyExpiring", State},
      {"HoldfastStoreSpaceLow", State},
      {"HoldfastWorkerCrashed", Event},
      {"HoldfastOutOfMemory", Event},
      {"HoldfastWorkerHung", Event},
      {"HoldfastWorkerUnhealthy", Event},
      {"HoldfastErrorRateHigh", Event},
      {"HoldfastJobsDying", Event},
      {"HoldfastShutdownForced", Event},
      {"HoldfastUncleanRestart", Event},
  };
  return kNames;
}

const AlertName* find_alert_name(std::string_view name) {
  const auto& all = alert_names();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const AlertName& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

std::vector<std::string> names_of_alerts() {
  std::vector<std::string> names;
  for (const AlertName& one : alert_names())
    names.emplace_back(one.name);
  return names;
}

}  // namespace holdfast::config
