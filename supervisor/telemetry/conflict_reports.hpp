// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reports each family on which workers disagree, once, so that somebody can fix it: the scrape
// itself stays valid and does not show the conflict.
//
// Threads: one at a time; pure. Memory: bounded; at most a thousand families are reported.

#include "supervisor/telemetry/source.hpp"

#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::telemetry {

class ConflictReports {
 public:
  // A log message for each conflict that has not been reported before.
  std::vector<std::string> news(const std::vector<FamilyConflict>& conflicts);

 private:
  std::set<FamilyConflict> reported_;
};

}  // namespace holdfast::supervisor::telemetry
