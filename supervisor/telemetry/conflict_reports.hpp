// SPDX-License-Identifier: Apache-2.0
#pragma once

// Says once of each family that workers contradict each other, so that somebody can mend it: the
// scrape itself stays valid and silent. Pure.
//
// Threads: one at a time. Memory: bounded, beyond a thousand families nothing is said.

#include "supervisor/telemetry/source.hpp"

#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::telemetry {

class ConflictReports {
 public:
  // A sentence for each conflict that was not there before.
  std::vector<std::string> news(const std::vector<FamilyConflict>& conflicts);

 private:
  std::set<FamilyConflict> told_;
};

}  // namespace holdfast::supervisor::telemetry
