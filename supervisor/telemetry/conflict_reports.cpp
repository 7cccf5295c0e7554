// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/conflict_reports.hpp"

namespace holdfast::supervisor::telemetry {
namespace {

constexpr std::size_t kMaxReported = 1000;

std::string message_for(const FamilyConflict& conflict) {
  if (conflict.clash == Clash::Type) {
    return "metrics: workers expose " + conflict.family +
           " with different types; only the first type is exposed";
  }
  return "metrics: " + conflict.family +
         " is not exposed, because its name collides with a sample of another family";
}

}  // namespace

std::vector<std::string> ConflictReports::news(const std::vector<FamilyConflict>& conflicts) {
  std::vector<std::string> messages;
  for (const FamilyConflict& conflict : conflicts) {
    if (reported_.size() >= kMaxReported) break;
    if (reported_.insert(conflict).second) messages.push_back(message_for(conflict));
  }
  return messages;
}

}  // namespace holdfast::supervisor::telemetry
