// SPDX-License-Identifier: Apache-2.0
#pragma once

// AlertView: what the alert thread knows, for other threads: an immutable picture that it replaces.
//
// Threads: any.

#include "supervisor/alerts/alert.hpp"
#include "supervisor/alerts/conditions.hpp"
#include "supervisor/alerts/silences.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

struct ShownAlert {
  Alert alert;
  std::string inhibited;                   // why nobody is told; empty: they are
  std::optional<WallTime> silenced_until;  // nothing: it is not
  MonoTime since{};
};

struct AlertView {
  std::vector<ShownAlert> firing;  // the most severe first
  // Resolved ones, oldest first; never null.
  std::shared_ptr<const std::vector<Alert>> history = std::make_shared<std::vector<Alert>>();
  std::vector<Silence> silences;
  std::map<std::string, std::uint64_t> withheld;   // events that nobody was told of, by reason
  std::map<std::string, std::uint64_t> errors;     // counted by the error rate, by program
  Duration backlog_threshold = kBacklogThreshold;  // as the rules have it
};
using AlertViewPtr = std::shared_ptr<const AlertView>;

// What holds now, from one look at the fleet, together with what the alert thread remembers: the
// same alert is one. Alerts about programs that `snapshot` does not have are left out; it may be a
// part of the fleet.
std::vector<ActiveAlert> merge(std::vector<ActiveAlert> now, const AlertView& view,
                               const FleetSnapshot& snapshot);

}  // namespace holdfast::supervisor::alerts
