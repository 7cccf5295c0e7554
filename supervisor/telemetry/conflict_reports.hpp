// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reports what is left out of the aggregate, once, with the program that sends it, so that somebody
// can mend it: the scrape itself stays valid and does not show it.
//
// Threads: one at a time; pure. Memory: bounded; at most a thousand things are reported.

#include "supervisor/telemetry/source.hpp"

#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::telemetry {

class ConflictReports {
 public:
  // A log message for each thing that has not been reported before.
  std::vector<std::string> news(const std::vector<FamilyConflict>& conflicts,
                                const std::vector<LeftOut>& left_out);

 private:
  std::set<std::string> reported_;  // messages without the example
};

}  // namespace holdfast::supervisor::telemetry
