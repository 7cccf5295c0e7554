// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/reconcile.hpp"

#include "supervisor/core/batch.hpp"
#include "supervisor/core/file_changes.hpp"
#include "supervisor/core/hopeless.hpp"
#include "supervisor/core/programs.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/schedule.hpp"
#include "supervisor/core/shutdown.hpp"
#include "supervisor/core/start_queue.hpp"
#include "supervisor/core/waits.hpp"

#include <utility>

namespace holdfast::supervisor::core {

namespace {

void reconcile_slot(Machine& m, const SlotId& id) {
  Slot* slot = m.find(id);
  if (slot == nullptr) return;
  slot->dirty = false;
  Program& program = *m.find(id.program);
  m.recount(program, *slot);
  if (slot->removing && !slot->current && !slot->retiring) {
    program.past_incarnations[id.slot] = slot->last_incarnation;
    program.slots.erase(id.slot);
    m.touch();
  } else {
    consider_start(m, program, *slot);
  }
  m.touch(program);
}

void reconcile_program(Machine& m, std::uint32_t id) {
  Program* found = m.find(id);
  if (found == nullptr) return;
  Program& program = *found;
  program.dirty = false;
  update_satisfied(m, program);
  if (m.shutdown) {
    advance_shutdown(m, program);
    return;
  }
  release_if_possible(m, program);
  advance_roll(m, program);
  advance_runs(m, program);
  advance_waits(m, program);
  update_hopeless(m, program);
  if (program.removing) advance_removal(m, program);
}

}  // namespace

void reconcile(Machine& m) {
  do {
    while (!m.dirty_slots.empty() || !m.dirty_programs.empty()) {
      for (const SlotId& id : std::exchange(m.dirty_slots, {}))
        reconcile_slot(m, id);
      if (!m.dirty_slots.empty()) continue;
      for (const std::uint32_t id : std::exchange(m.dirty_programs, {}))
        reconcile_program(m, id);
    }
    advance_reload(m);
    advance_batches(m);
    advance_changes(m);
    if (!m.dirty_slots.empty() || !m.dirty_programs.empty()) continue;
    start_from_queue(m);
  } while (!m.dirty_slots.empty() || !m.dirty_programs.empty());
}

}  // namespace holdfast::supervisor::core
