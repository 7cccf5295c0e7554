// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/view.hpp"

#include "supervisor/core/programs.hpp"
#include "supervisor/core/start_queue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

std::string count_processes(std::uint32_t count) {
  return fmt::format("{} {}", count, count == 1 ? "process" : "processes");
}

SlotView view_slot(const Machine& m, const Program& program, const Slot& slot) {
  SlotView view;
  view.id = slot.id;
  view.state = slot.state;
  view.stopped_by_hand = slot.desired == Desired::Stop && !slot.removing && !is_dormant(program);
  view.since = slot.since;
  view.restarts = slot.restarts;
  view.starts = slot.starts;
  view.last_exit = slot.last_exit;
  view.last_error = slot.last_error;
  view.retry_at = slot.retry_at;
  view.crash_loop_since = slot.memory.announced_at;
  view.memory_high_since = slot.memory_high_since;
  view.incarnation = slot.last_incarnation;
  if (slot.current) {
    view.incarnation = slot.current->incarnation;
    view.pid = slot.current->exit ? 0 : slot.current->pid;
    view.started_at = slot.current->spawned_at;
    view.status = slot.current->exit ? fmt::format("waits for {} left behind by it",
                                                   count_processes(slot.current->left))
                                     : slot.current->status;
  } else {
    view.status = waiting_reason(m, program, slot);
  }
  if (slot.retiring) {
    view.retiring_incarnation = slot.retiring->incarnation;
    view.retiring_pid = slot.retiring->exit ? 0 : slot.retiring->pid;
  }
  for (const auto* process : {&slot.current, &slot.retiring}) {
    if (*process && (*process)->exit) view.left += (*process)->left;
  }
  return view;
}

ProgramView view_program(const Machine& m, const Program& program) {
  ProgramView view;
  view.id = program.id;
  view.config = program.shown;
  view.wanted = program.wanted;
  view.ready = program.totals.serving;
  view.satisfied = program.satisfied || program.removing;
  view.rolling = program.roll.has_value();
  view.dormant = is_dormant(program);
  view.differs = differing_keys(program);
  if (config::is_scheduled(program.config)) {
    const bool runs = program.totals.wanted > 0 && !program.removing;
    view.schedule =
        ScheduleView{runs ? program.runs.at : std::nullopt, !program.runs.queued.empty(),
                     program.runs.counts, program.runs.last};
  }
  view.changed = program.changed;
  for (const auto& [number, slot] : program.slots) {
    view.slots.push_back(view_slot(m, program, slot));
  }
  return view;
}

}  // namespace

FleetView view_of(const Machine& m) {
  FleetView view;
  view.draining = m.shutdown.has_value();
  view.ready = !view.draining;
  view.reloading = m.reload.has_value();
  for (const std::uint32_t id : m.order) {
    const Program& program = m.programs.at(id);
    if (program.config.required && !program.satisfied && !is_dormant(program)) view.ready = false;
    view.programs.push_back(view_program(m, program));
  }
  for (const auto& [id, program] : m.programs) {
    if (program.removing) view.programs.push_back(view_program(m, program));
  }
  return view;
}

}  // namespace holdfast::supervisor::core
