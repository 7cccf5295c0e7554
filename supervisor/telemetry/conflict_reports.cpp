// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/conflict_reports.hpp"

namespace holdfast::supervisor::telemetry {
namespace {

constexpr std::size_t kMostTold = 1000;

std::string sentence(const FamilyConflict& conflict) {
  const std::string name = "metrics: " + conflict.family + " of one worker ";
  if (conflict.clash == Clash::Type) {
    return name + "has another type than of another; the first one is shown, the other left out";
  }
  return name + "has a name that another family's samples use; it is left out";
}

}  // namespace

std::vector<std::string> ConflictReports::news(const std::vector<FamilyConflict>& conflicts) {
  std::vector<std::string> sentences;
  for (const FamilyConflict& conflict : conflicts) {
    if (told_.size() >= kMostTold) break;
    if (told_.insert(conflict).second) sentences.push_back(sentence(conflict));
  }
  return sentences;
}

}  // namespace holdfast::supervisor::telemetry
