// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/programs.hpp"

#include "supervisor/core/file_changes.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/reload.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/schedule.hpp"
#include "supervisor/core/start_queue.hpp"
#include "supervisor/core/waits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

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
  const bool at_times = config::is_scheduled(program.config) && !program.config.run_at_start;
  slot.want_start = slot.desired == Desired::Run && !at_times;
  if (at_times && slot.desired == Desired::Run) slot.state = SlotState::Scheduled;
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

}  // namespace

bool is_dormant(const Program& program) {
  return !program.config.autostart && program.desired == Desired::Stop && !program.removing &&
         program.totals.wanted == 0;
}

namespace {

std::uint32_t ready_needed(const Program& program) {
  if (config::is_scheduled(program.config)) return 0;
  if (program.config.type == config::ProgramType::Oneshot) return program.wanted;
  return std::min(program.config.min_ready, program.wanted);
}

}  // namespace

Program& add_program(Machine& m, const config::Program& config) {
  const std::uint32_t id = m.next_program++;
  Program& program = m.programs[id];
  program.id = id;
  program.set_config(config);
  program.desired = config.autostart ? Desired::Run : Desired::Stop;
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
  forget_runs(m, program);
  forget_changes(m, program);
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

namespace {

// Somebody who waits for a program that is not released hears if what it comes after, directly or
// through others, cannot become ready.
void touch_who_waits(Machine& m, const Program& program) {
  std::set<std::uint32_t> seen;
  std::vector<std::uint32_t> open = program.dependants;
  while (!open.empty()) {
    const std::uint32_t id = open.back();
    open.pop_back();
    Program* waiting = m.find(id);
    if (waiting == nullptr || waiting->released || !seen.insert(id).second) continue;
    if (!waiting->waits.empty()) m.touch(*waiting);
    open.insert(open.end(), waiting->dependants.begin(), waiting->dependants.end());
  }
}

}  // namespace

void update_satisfied(Machine& m, Program& program) {
  const bool oneshot = program.config.type == config::ProgramType::Oneshot;
  const std::uint32_t have = oneshot ? program.totals.done : program.totals.serving;
  const bool satisfied = program.released && have >= ready_needed(program);
  if (satisfied != program.satisfied) m.touch();
  program.satisfied = satisfied;
  const bool fit = satisfied && program.totals.outdated == 0;
  const bool news = fit && !program.fit;
  program.fit = fit;
  if (news) {
    for (const std::uint32_t dependant : program.dependants) {
      Program* waiting = m.find(dependant);
      if (waiting != nullptr && !waiting->released) m.touch(*waiting);
    }
  }
  if (m.waits > 0) touch_who_waits(m, program);
}

namespace {

// Whether the program's slots will not become ready by themselves; why.
std::string stuck(const Program& program) {
  if (is_dormant(program)) return program.config.name + ", which is not started (autostart is off)";
  const bool none_wanted = program.totals.wanted == 0;
  if (none_wanted) return program.config.name + ", which is stopped";
  if (program.roll) return {};
  bool moving = false;
  for (const auto& [number, slot] : program.slots) {
    moving = moving || slot.want_start || slot.retiring ||
             (slot.current && slot.current->phase != Phase::Ready);
    const bool idle = !slot.current && !slot.retiring && !slot.want_start;
    if (slot.desired == Desired::Run && idle && slot.state != SlotState::Done) {
      return fmt::format("{}, which is {}", program.config.name, to_string(slot.state));
    }
  }
  if (!moving && !program.satisfied)
    return fmt::format("{}, of which too few are not stopped", program.config.name);
  return {};
}

}  // namespace

std::string blocked_by(const Machine& m, const Program& program) {
  if (program.waits_for != 0 || waits_in_reload(m, program)) return {};
  for (const std::uint32_t id : program.after) {
    const auto found = m.programs.find(id);
    if (found == m.programs.end() || found->second.fit) continue;
    const Program& on = found->second;
    if (waits_in_reload(m, on)) continue;
    const std::string why = on.released || on.totals.wanted == 0 ? stuck(on) : blocked_by(m, on);
    if (!why.empty()) return why;
  }
  return {};
}

std::vector<std::string> differing_keys(const Program& program) {
  std::vector<std::string> keys;
  if (config::is_scheduled(program.config)) return keys;  // its next run is as the file says
  const auto add = [&](const MadeFrom& made) {
    for (const std::string& key : made.differs) {
      if (std::find(keys.begin(), keys.end(), key) == keys.end()) keys.push_back(key);
    }
  };
  for (const auto& [number, slot] : program.slots) {
    if (slot.removing || slot.desired == Desired::Stop) continue;
    if (program.config.type == config::ProgramType::Oneshot) {
      // What is about to run again will have been made from what is configured now.
      if (!slot.want_start && !slot.current) add(slot.done_with);
    } else if (slot.current && slot.current->reason == StopReason::None) {
      add(slot.current->made_from);
    }
  }
  if (program.rescale) keys.emplace_back("replicas");
  return keys;
}

std::deque<std::uint32_t> slots_to_replace(const Program& program, bool replaced) {
  std::deque<std::uint32_t> slots;
  if (config::is_scheduled(program.config)) return slots;
  const bool oneshot = program.config.type == config::ProgramType::Oneshot;
  for (const auto& [number, slot] : program.slots) {
    if (slot.removing || slot.desired == Desired::Stop) continue;
    bool due = replaced && slot.starts > 0;
    if (slot.current) {
      due = !slot.current->made_from.differs.empty();
    } else if (oneshot && slot.done_with.program != nullptr) {
      due = !slot.done_with.differs.empty();
    }
    if (due) slots.push_back(number);
  }
  return slots;
}

void release_if_possible(Machine& m, Program& program) {
  if (program.released || program.removing || program.waits_for != 0) return;
  if (waits_in_reload(m, program)) return;
  for (const std::uint32_t id : program.after) {
    const Program* on = m.find(id);
    if (on != nullptr && !on->fit) return;
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
