// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/reload.hpp"

#include "common/config/reload.hpp"
#include "common/os/exit_codes.hpp"
#include "supervisor/core/hopeless.hpp"
#include "supervisor/core/process_start.hpp"
#include "supervisor/core/programs.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/schedule.hpp"
#include "supervisor/core/signalling.hpp"
#include "supervisor/core/waits.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <utility>

namespace holdfast::supervisor::core {

namespace {

using Lines = std::vector<std::string>;
using Step = ReloadOperation::Step;
using Member = ReloadOperation::Member;

Member& add_member(Machine& m, const Program& program) {
  Member& member = m.reload->members[program.id];
  member.name = program.config.name;
  return member;
}

// A service, a oneshot and one with a schedule follow different rules, and a process is only ever
// judged by those that it was started under: a program of another kind is a new one of the same
// name.
std::string other_kind(const Program& program, const config::Program& wanted) {
  if (program.config.type != wanted.type) return "type";
  return config::is_scheduled(program.config) == config::is_scheduled(wanted) ? "" : "schedule";
}

void drop_missing(Machine& m, const Reload& reload, Lines& lines) {
  std::map<std::string_view, const config::Program*> after;
  for (const config::Program& program : reload.programs)
    after[program.name] = &program;
  for (const std::uint32_t id : m.order) {
    Program& program = m.programs.at(id);
    const std::string& name = program.config.name;
    const auto wanted = after.find(name);
    const std::string differs = wanted == after.end() ? "" : other_kind(program, *wanted->second);
    if (wanted != after.end() && differs.empty()) continue;
    lines.push_back(differs.empty() ? "- " + name : fmt::format("~ {}: {}", name, differs));
    m.report(EventKind::ProgramRemoved, program, name + " is no longer configured: stopping it");
    remove_program(m, program);
    Member& member = add_member(m, program);
    member.step = Step::Working;
    member.parts = 1;
    Wait wait;
    for (const auto& [number, slot] : program.slots)
      wait.items.push_back(until_gone(slot));
    add_wait(m, program, std::move(wait));
  }
}

void apply_thresholds(Machine& m, Program& program) {
  for (auto& [number, slot] : program.slots) {
    for (auto* process : {&slot.current, &slot.retiring}) {
      if (*process && (*process)->reason == StopReason::None) {
        refresh_timers(m, program, slot, **process);
      }
    }
    m.touch(slot);
  }
}

// Notes of everything that runs, or has run to its end, in which keys it differs from what is
// configured now.
void compare_with_running(Machine& m, Program& program) {
  std::map<std::shared_ptr<const config::Program>, Lines> known;
  const auto refresh = [&](MadeFrom& made) {
    if (made.program == nullptr) return;
    auto found = known.find(made.program);
    if (found == known.end()) {
      const auto changed = config::changed_keys(*made.program, program.config);
      found =
          known.emplace(made.program, config::keys_with(changed, config::ReloadEffect::Roll)).first;
    }
    made.differs = found->second;
  };
  for (auto& [number, slot] : program.slots) {
    refresh(slot.done_with);
    for (auto* process : {&slot.current, &slot.retiring}) {
      if (*process) refresh((*process)->made_from);
    }
    if (config::is_scheduled(program.config)) continue;  // a failed run stays failed
    const bool done = slot.done_with.program != nullptr && slot.done_with.differs.empty();
    if (done && slot.state == SlotState::Failed) m.set_state(slot, SlotState::Done);
  }
}

// Whether it gave up for what it was configured by. That may stand outside of the program's own
// section, so that any reload may have mended it.
bool gave_up_for_configuration(const Program& program, const Slot& slot) {
  return slot.state == SlotState::Failed && slot.desired == Desired::Run && !slot.removing &&
         !slot.current && !slot.want_start && slot.last_exit && !slot.last_exit->signaled &&
         slot.last_exit->value == exit_code::kConfig && !config::is_scheduled(program.config);
}

bool any_gave_up(const Program& program) {
  return std::any_of(program.slots.begin(), program.slots.end(), [&](const auto& entry) {
    return gave_up_for_configuration(program, entry.second);
  });
}

// What the reload says about a program that it has work for though its file has not changed: the
// reload before could not finish it.
std::string unfinished(const Program& program) {
  const Lines keys = differing_keys(program);
  if (keys.empty() && any_gave_up(program))
    return fmt::format("~ {}: tried again after exit {}", program.config.name, exit_code::kConfig);
  if (keys.empty()) return fmt::format("~ {}: not started yet", program.config.name);
  return fmt::format("~ {}: {} (rolling restart)", program.config.name, fmt::join(keys, ", "));
}

void try_again(Machine& m, Slot& slot) {
  slot.memory.forget();
  slot.restore.reset();
  slot.suspect = slot.unplanned = false;
  slot.want_start = true;
  m.set_state(slot, slot.retiring ? SlotState::Stopping : SlotState::Stopped);
  m.touch(slot);
}

bool is_in_roll(const Program& program, std::uint32_t slot) {
  if (!program.roll) return false;
  const auto& pending = program.roll->pending;
  return program.roll->slot == slot ||
         std::find(pending.begin(), pending.end(), slot) != pending.end();
}

bool has_work(const Program& program, bool replaced) {
  if (program.rescale || program.wakes || any_gave_up(program)) return true;
  if (!program.released) return replaced;
  return !slots_to_replace(program, replaced).empty();
}

void change(Machine& m, Program& program, const config::Program& wanted, Lines& lines) {
  const config::ChangedKeys changed = config::changed_keys(program.config, wanted);
  const auto former = program.shown;
  const bool wakes = !program.config.autostart && wanted.autostart && is_dormant(program);
  if (!changed.empty()) {
    program.set_config(wanted);
    program.wakes = wakes || (program.wakes && wanted.autostart);
    compare_with_running(m, program);
    apply_thresholds(m, program);
    if (!same_times(*former, program.config)) plan_run(m, program, false);
    if (config::any_has(changed, config::ReloadEffect::Scale) && !program.scaled_since)
      program.rescale = true;
    if (config::any_has(changed, config::ReloadEffect::Roll)) program.owed = true;
  }
  const bool work = has_work(program, program.owed);
  if (!changed.empty()) {
    const bool idle = !work && config::any_has(changed, config::ReloadEffect::Roll);
    lines.push_back(idle ? fmt::format("~ {}: {} (nothing to restart)", wanted.name,
                                       config::describe_keys(changed))
                         : fmt::format("~ {}: {}", wanted.name, config::describe(changed)));
    m.report(EventKind::ProgramChanged, program, lines.back());
  } else if (work) {
    lines.push_back(unfinished(program));
  }
  m.touch(program);
  if (!work) {
    program.owed = false;
    return;
  }
  add_member(m, program);
  program.former = former;
}

void add(Machine& m, const config::Program& wanted, Lines& lines) {
  Program& added = add_program(m, wanted);
  m.order.push_back(added.id);
  lines.push_back("+ " + wanted.name);
  m.report(EventKind::ProgramAdded, added, wanted.name + " was added");
  add_member(m, added);
  plan_run(m, added, false);
}

// Which members each one comes after, directly or through programs that have not changed.
void find_needs(Machine& m) {
  for (auto& [id, member] : m.reload->members) {
    std::vector<std::uint32_t> open = m.programs.at(id).after;
    std::set<std::uint32_t> seen;
    while (!open.empty()) {
      const std::uint32_t on = open.back();
      open.pop_back();
      if (!seen.insert(on).second) continue;
      if (m.reload->members.contains(on)) member.needs.insert(on);
      if (const Program* program = m.find(on))
        open.insert(open.end(), program->after.begin(), program->after.end());
    }
  }
}

void forget_scaled_since(Machine& m) {
  for (auto& [id, program] : m.programs)
    program.scaled_since = false;
}

void begin_reload(Machine& m, const Reload& reload, std::vector<std::uint64_t> requests) {
  Lines lines = reload.other_changes;
  const config::ChangedKeys settings = config::changed_keys(m.supervisor, reload.supervisor);
  if (!settings.empty()) lines.push_back("~ supervisor: " + config::describe(settings));
  m.supervisor = reload.supervisor;
  m.reload.emplace();
  m.reload->requests = std::move(requests);
  drop_missing(m, reload, lines);
  m.order.clear();
  for (const config::Program& wanted : reload.programs) {
    const auto known = m.by_name.find(wanted.name);
    if (known == m.by_name.end()) {
      add(m, wanted, lines);
    } else {
      m.order.push_back(known->second);
      change(m, m.programs.at(known->second), wanted, lines);
    }
  }
  forget_scaled_since(m);
  link_programs(m);
  refresh_hopeless_deadlines(m);
  find_needs(m);
  send_reload_signals(m, lines);
  m.reload->changes = lines.empty() ? "nothing changed" : fmt::format("{}", fmt::join(lines, "\n"));
  if (m.reload->members.empty()) return;
  m.touch();
  for (const std::uint64_t request : m.reload->requests)
    m.accept(request, m.reload->changes);
}

void wake(Machine& m, Program& program) {
  program.desired = Desired::Run;
  const bool at_times = config::is_scheduled(program.config) && !program.config.run_at_start;
  if (at_times) plan_run(m, program, false);
  for (auto& [number, slot] : program.slots) {
    slot.desired = Desired::Run;
    slot.want_start = !at_times;
    if (at_times) m.set_state(slot, SlotState::Scheduled);
    m.touch(slot);
  }
}

void begin_member(Machine& m, Program& program, Member& member) {
  member.step = Step::Working;
  program.former.reset();
  const bool replaced = std::exchange(program.owed, false);
  const bool wakes = std::exchange(program.wakes, false) && program.desired == Desired::Stop &&
                     program.totals.wanted == 0;
  if (wakes) wake(m, program);
  if (std::exchange(program.rescale, false)) scale(m, program, program.config.replicas);
  if (program.released && start_reload_roll(m, program, slots_to_replace(program, replaced)))
    ++member.parts;
  Wait wait;
  for (auto& [number, slot] : program.slots) {
    if (slot.removing) {
      wait.items.push_back(until_gone(slot));
    } else if (gave_up_for_configuration(program, slot) && !is_in_roll(program, number)) {
      try_again(m, slot);
      wait.items.push_back(until_ready(slot));
    } else if ((slot.starts == 0 || wakes) && slot.desired == Desired::Run && slot.want_start) {
      wait.items.push_back(until_ready(slot));
    }
  }
  if (!wait.items.empty()) {
    ++member.parts;
    add_wait(m, program, std::move(wait));
  }
  if (member.parts == 0) member.step = Step::Done;
  m.touch(program);
}

void give_up(Machine& m, Member& member, Program& program, const std::string& needed) {
  member.step = Step::GivenUp;
  member.failure = fmt::format("given up, because {} has failed", needed);
  program.former.reset();
  program.owed = true;
  m.touch(program);
}

// Returns whether it has taken a step.
bool advance_member(Machine& m, std::uint32_t id, Member& member) {
  if (member.step != Step::Waiting) return false;
  Program& program = m.programs.at(id);
  bool waits = false;
  for (const std::uint32_t need : member.needs) {
    const Member& needed = m.reload->members.at(need);
    if (needed.step == Step::Failed || needed.step == Step::GivenUp) {
      give_up(m, member, program, needed.name);
      return true;
    }
    waits = waits || needed.step != Step::Done;
  }
  if (waits) return false;
  begin_member(m, program, member);
  return true;
}

std::string failure_text(const Machine& m, const ReloadOperation& reload) {
  Lines lines;
  Lines differ;
  for (const auto& [id, member] : reload.members) {
    if (!member.failure.empty())
      lines.push_back(fmt::format("! {}: {}", member.name, member.failure));
  }
  for (const std::uint32_t id : m.order) {
    const Program& program = m.programs.at(id);
    const Lines keys = differing_keys(program);
    if (!keys.empty())
      differ.push_back(fmt::format("{} ({})", program.config.name, fmt::join(keys, ", ")));
  }
  std::string text = "the reload has failed";
  if (!differ.empty())
    text += fmt::format("; what runs differs from the file in {}", fmt::join(differ, ", "));
  return fmt::format("{}\n{}\n{}", text, fmt::join(lines, "\n"), reload.changes);
}

bool is_over(const ReloadOperation& reload) {
  return std::all_of(reload.members.begin(), reload.members.end(), [](const auto& entry) {
    return entry.second.step != Step::Waiting && entry.second.step != Step::Working;
  });
}

void finish_reload(Machine& m) {
  const ReloadOperation over = std::move(*m.reload);
  m.reload.reset();
  if (!over.members.empty()) m.touch();
  const bool ok = std::all_of(over.members.begin(), over.members.end(),
                              [](const auto& entry) { return entry.second.step == Step::Done; });
  for (const auto& [id, member] : over.members) {
    if (Program* program = m.find(id)) m.touch(*program);
  }
  const std::string text = ok ? over.changes : failure_text(m, over);
  for (const std::uint64_t request : over.requests)
    m.reply(request, ok, text);
  if (!m.next_reload) return;
  const Reload next = std::move(*m.next_reload);
  m.next_reload.reset();
  begin_reload(m, next, std::exchange(m.next_reload_requests, {}));
}

}  // namespace

void on_reload(Machine& m, const Reload& reload) {
  if (m.shutdown) {
    m.reply(reload.request, false, "refused: shutting down");
    return;
  }
  if (m.reload) {
    m.next_reload = reload;
    forget_scaled_since(m);  // this one is the last word
    m.next_reload_requests.push_back(reload.request);
    m.accept(reload.request, "waiting for the reload under way");
    return;
  }
  begin_reload(m, reload, {reload.request});
}

void advance_reload(Machine& m) {
  // The one that is over may be followed by one that waits, and that may have nothing to do.
  while (m.reload) {
    for (bool again = true; again;) {
      again = false;
      for (auto& [id, member] : m.reload->members)
        again = advance_member(m, id, member) || again;
    }
    if (!is_over(*m.reload)) return;
    finish_reload(m);
  }
}

void end_reload_part(Machine& m, std::uint32_t program, const std::string& failure) {
  if (!m.reload) return;
  const auto found = m.reload->members.find(program);
  if (found == m.reload->members.end() || found->second.parts == 0) return;
  Member& member = found->second;
  if (member.failure.empty()) member.failure = failure;
  if (--member.parts > 0) return;
  member.step = member.failure.empty() ? Step::Done : Step::Failed;
  Program* done = m.find(program);
  if (done != nullptr && member.step == Step::Failed) done->owed = true;
  m.touch();
}

bool waits_in_reload(const Machine& m, const Program& program) {
  if (!m.reload) return false;
  const auto found = m.reload->members.find(program.id);
  return found != m.reload->members.end() && found->second.step == Step::Waiting;
}

void cancel_reload(Machine& m, const std::string& why) {
  if (!m.reload) return;
  const ReloadOperation over = std::move(*m.reload);
  m.reload.reset();
  m.next_reload.reset();
  for (auto& [id, program] : m.programs)
    program.former.reset();
  for (const std::uint64_t request : over.requests)
    m.reply(request, false, "the reload has been ended: " + why);
  for (const std::uint64_t request : std::exchange(m.next_reload_requests, {}))
    m.reply(request, false, "the reload has been ended: " + why);
}

}  // namespace holdfast::supervisor::core
