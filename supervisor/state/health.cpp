// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/health.hpp"

namespace holdfast::supervisor {

bool in_trouble(const core::SlotView& slot) {
  return core::in_crash_loop(slot) || slot.state == core::SlotState::Failed;
}

bool runs_otherwise(const FleetSnapshot& snapshot, const core::ProgramView& program) {
  return !program.differs.empty() && !program.rolling && !snapshot.view.reloading;
}

FleetHealth health_of(const FleetSnapshot& snapshot) {
  if (snapshot.view.draining) return FleetHealth::Draining;
  bool trouble = false;
  bool restarted = false;
  for (const core::ProgramView& program : snapshot.view.programs) {
    trouble = trouble || runs_otherwise(snapshot, program);
    for (const core::SlotView& slot : program.slots) {
      trouble = trouble || in_trouble(slot);
      restarted = restarted || slot.restarts > 0;
    }
  }
  if (trouble) return FleetHealth::Degraded;
  if (snapshot.view.ready) return FleetHealth::Ready;
  return restarted ? FleetHealth::Degraded : FleetHealth::Starting;
}

std::string_view to_string(FleetHealth health) {
  switch (health) {
    case FleetHealth::Ready: return "ready";
    case FleetHealth::Starting: return "starting";
    case FleetHealth::Degraded: return "degraded";
    case FleetHealth::Draining: return "draining";
  }
  return "unknown";
}

}  // namespace holdfast::supervisor
