// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/programs.hpp"

#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/start_queue.hpp"

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

void stop_removed_slot(Machine& m, Program& program, Slot& slot) {
  cancel_start(m, slot);
  leave_roll(m, program, slot);
  terminate_all(m, program, slot);
  if (!slot.current && !slot.retiring) m.set_state(slot, SlotState::Stopped);
  m.touch(slot);
}

void add_slot(Machine& m, Program& program, std::uint32_t number) {
  Slot& slot = program.slots[number];
  slot.id = {program.id, number};
  slot.desired = program.desired;
  slot.since = m.now;
  const auto past = program.past_incarnations.find(number);
  if (past != program.past_incarnations.end()) slot.last_incarnation = past->second;
  slot.want_start = slot.desired == Desired::Run;
  m.touch(slot);
}

// Scaled down and up again before its process had exited.
void keep_slot(Machine& m, Program& program, Slot& slot) {
  slot.removing = false;
  slot.desired = program.desired;
  slot.want_start = slot.desired == Desired::Run;
  m.touch(slot);
}

// The program has waited for its namesake to go, so none of its slots has been started yet.
void inherit_incarnations(Program& program, const LastIncarnations& past) {
  for (const auto& [number, incarnation] : past) {
    std::uint64_t& last = program.past_incarnations[number];
    last = std::max(last, incarnation);
    const auto slot = program.slots.find(number);
    if (slot != program.slots.end()) {
      slot->second.last_incarnation = std::max(slot->second.last_incarnation, last);
    }
  }
}

void erase_program(Machine& m, std::uint32_t id) {
  const Program gone = std::move(m.programs.at(id));
  m.programs.erase(id);
  m.deadlines.cancel({DeadlineKind::Hopeless, {{id, 0}, 0}});
  m.report(EventKind::ProgramRemoved, gone, gone.config.name + " has been removed");
  const auto forget = [&](std::uint32_t neighbour) {
    if (Program* program = m.find(neighbour)) {
      std::erase(program->after, id);
      std::erase(program->dependants, id);
      m.touch(*program);
    }
  };
  for (const std::uint32_t neighbour : gone.after)
    forget(neighbour);
  for (const std::uint32_t neighbour : gone.dependants)
    forget(neighbour);
  const auto successor = m.by_name.find(gone.config.name);
  if (successor == m.by_name.end()) {
    m.past_incarnations[gone.config.name] = gone.past_incarnations;
    return;
  }
  Program& program = m.programs.at(successor->second);
  inherit_incarnations(program, gone.past_incarnations);
  if (program.waits_for == id) program.waits_for = 0;
  m.touch(program);
}

std::uint32_t ready_needed(const Program& program) {
  if (program.config.type == config::ProgramType::Oneshot) return program.wanted;
  return std::min(program.config.min_ready, program.wanted);
}

}  // namespace

Program& add_program(Machine& m, const config::Program& config) {
  const std::uint32_t id = m.next_program++;
  Program& program = m.programs[id];
  program.id = id;
  program.set_config(config);
  if (const auto past = m.past_incarnations.extract(config.name))
    program.past_incarnations = past.mapped();
  // Two programs of one name would share socket paths, so the removed one must be gone first. If
  // there are several, each waits for the one before it.
  for (const auto& [other_id, other] : m.programs) {
    if (other_id != id && other.removing && other.config.name == config.name) {
      program.waits_for = other_id;
    }
  }
  m.by_name[config.name] = id;
  scale(m, program, config.replicas);
  m.touch(program);
  return program;
}

void remove_program(Machine& m, Program& program) {
  cancel_roll(m, program, "the program was removed");
  m.by_name.erase(program.config.name);
  program.removing = true;
  program.wanted = 0;
  for (auto& [number, slot] : program.slots)
    cancel_start(m, slot);
  m.touch(program);
}

void scale(Machine& m, Program& program, std::uint32_t count) {
  program.wanted = count;
  for (auto slot = program.slots.lower_bound(count); slot != program.slots.end(); ++slot) {
    if (slot->second.removing) continue;
    slot->second.removing = true;
    stop_removed_slot(m, program, slot->second);
  }
  for (std::uint32_t number = 0; number < count; ++number) {
    const auto slot = program.slots.find(number);
    if (slot == program.slots.end()) {
      add_slot(m, program, number);
    } else if (slot->second.removing) {
      keep_slot(m, program, slot->second);
    }
  }
  m.touch(program);
}

void link_programs(Machine& m) {
  std::map<std::string_view, std::uint32_t> names;
  for (auto& [id, program] : m.programs) {
    program.after.clear();
    program.dependants.clear();
    if (program.removing) names[program.config.name] = id;
  }
  for (const auto& [name, id] : m.by_name)
    names[name] = id;
  for (auto& [id, program] : m.programs) {
    for (const std::string& name : program.config.after) {
      const auto on = names.find(name);
      if (on == names.end()) continue;  // validation refuses it; nothing to wait for
      const bool twice =
          std::find(program.after.begin(), program.after.end(), on->second) != program.after.end();
      if (twice) continue;
      program.after.push_back(on->second);
      m.programs.at(on->second).dependants.push_back(id);
    }
    m.touch(program);
  }
}

void update_satisfied(Machine& m, Program& program) {
  const bool oneshot = program.config.type == config::ProgramType::Oneshot;
  const std::uint32_t have = oneshot ? program.totals.done : program.totals.serving;
  const bool satisfied = program.released && have >= ready_needed(program);
  if (satisfied == program.satisfied) return;
  program.satisfied = satisfied;
  m.touch();
  for (const std::uint32_t dependant : program.dependants) {
    Program* waiting = m.find(dependant);
    if (satisfied && waiting != nullptr && !waiting->released) m.touch(*waiting);
  }
}

void release_if_possible(Machine& m, Program& program) {
  if (program.released || program.removing || program.waits_for != 0) return;
  for (const std::uint32_t id : program.after) {
    const Program* on = m.find(id);
    if (on != nullptr && !on->satisfied) return;
  }
  program.released = true;
  for (auto& [number, slot] : program.slots)
    m.touch(slot);
  m.touch(program);
}

void advance_removal(Machine& m, Program& program) {
  // Dependants that are being removed too stop first.
  const bool waits =
      std::any_of(program.dependants.begin(), program.dependants.end(), [&](std::uint32_t id) {
        const Program* dependant = m.find(id);
        return dependant != nullptr && dependant->removing;
      });
  if (!program.stop_requested && !waits) {
    program.stop_requested = true;
    for (auto& [number, slot] : program.slots) {
      slot.removing = true;
      stop_removed_slot(m, program, slot);
    }
  }
  if (program.slots.empty()) erase_program(m, program.id);
}

}  // namespace holdfast::supervisor::core
