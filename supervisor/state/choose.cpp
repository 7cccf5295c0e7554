// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/choose.hpp"

#include <algorithm>

namespace holdfast::supervisor {

core::Selection select(const std::vector<std::string>& names, const core::FleetView& view) {
  std::vector<core::Nameable> fleet;
  for (const core::ProgramView& program : view.programs) {
    core::Nameable one{program.config->name, &program.config->groups, {}};
    for (const core::SlotView& slot : program.slots)
      one.slots.push_back(slot.id.slot);
    fleet.push_back(std::move(one));
  }
  return core::select(names, fleet);
}

Result<FleetSnapshot> narrowed(const FleetSnapshot& snapshot,
                               const std::vector<std::string>& names) {
  const core::Selection selection = select(names, snapshot.view);
  if (!selection.error.empty()) return fail(ErrorKind::NotFound, selection.error);
  FleetSnapshot result = snapshot;
  result.view.programs.clear();
  result.view.ready = !snapshot.view.draining;
  for (const core::Chosen& one : selection.chosen) {
    core::ProgramView program = snapshot.view.programs[one.program];
    std::erase_if(program.slots, [&](const core::SlotView& slot) {
      return !std::binary_search(one.slots.begin(), one.slots.end(), slot.id.slot);
    });
    if (program.config->required && !program.satisfied) result.view.ready = false;
    result.view.programs.push_back(std::move(program));
  }
  return result;
}

}  // namespace holdfast::supervisor
