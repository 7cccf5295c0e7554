// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/rolling.hpp"

#include "common/config/reload.hpp"
#include "common/config/replacement.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/reload.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::core {

namespace {

void complete_roll(Machine& m, Program& program) {
  const Roll roll = std::move(*program.roll);
  program.roll.reset();
  const std::string text =
      fmt::format("{}: {} {} restarted in {}", program.config.name, roll.rolled,
                  roll.rolled == 1 ? "slot" : "slots", format_rounded(m.now - roll.began));
  m.report(EventKind::RollingDone, program, text);
  for (const std::uint64_t request : roll.requests)
    m.reply(request, true, text);
  if (roll.from_reload) end_reload_part(m, program.id, {});
  m.touch(program);
}

// What was accepted stays in force, though what still runs was made from what was before.
void abort_roll(Machine& m, Program& program, const std::string& why) {
  const Roll roll = std::move(*program.roll);
  program.roll.reset();
  if (roll.slot) {
    const auto slot = program.slots.find(*roll.slot);
    if (slot != program.slots.end()) {
      slot->second.want_surge = false;
      m.touch(slot->second);
    }
  }
  const std::string text =
      fmt::format("rolling restart of {} aborted: {}", program.config.name, why);
  m.report(EventKind::RollingAborted, program, text);
  for (const std::uint64_t request : roll.requests)
    m.reply(request, false, text);
  if (roll.from_reload) end_reload_part(m, program.id, why);
  for (auto& [number, slot] : program.slots)
    m.touch(slot);
}

void next_slot(Machine& m, Program& program) {
  Roll& roll = *program.roll;
  ++roll.rolled;
  roll.slot.reset();
  m.touch(program);
}

// Picks the next slot that still exists and is wanted.
Slot* pick(Program& program) {
  Roll& roll = *program.roll;
  while (!roll.pending.empty()) {
    const auto found = program.slots.find(roll.pending.front());
    roll.pending.pop_front();
    if (found == program.slots.end() || found->second.removing ||
        found->second.desired == Desired::Stop) {
      continue;
    }
    roll.slot = found->first;
    roll.step = Roll::Step::Begin;
    return &found->second;
  }
  return nullptr;
}

// Whether the process of the roll's slot has failed, and had replaced one that was stopped first.
// If that was made from the same, it would fail as well: the restart policy decides.
bool can_restore(const Program& program) {
  const Roll& roll = *program.roll;
  if (roll.step != Roll::Step::Plain || !roll.former || roll.failure.empty()) return false;
  const auto changed = config::changed_keys(*roll.former, program.config);
  return config::any_has(changed, config::ReloadEffect::Roll);
}

// Returns whether it has begun.
bool begin_restore(Machine& m, Program& program) {
  Roll& roll = *program.roll;
  Slot* slot = roll.slot ? m.find(SlotId{program.id, *roll.slot}) : nullptr;
  if (slot == nullptr || !can_restore(program)) return false;
  roll.reason = std::exchange(roll.failure, {});
  roll.step = Roll::Step::Restoring;
  roll.base = slot->last_incarnation;
  slot->restore = std::move(roll.former);
  slot->memory.forget();
  slot->suspect = false;
  slot->had_been_ready = true;  // it served until a moment ago: its start is a restart
  m.deadlines.cancel({DeadlineKind::Retry, {slot->id, 0}});
  slot->retry_at.reset();
  slot->want_start = true;
  m.touch(*slot);
  return true;
}

// Whether the new process has been ready for long enough.
bool is_proven(Machine& m, const Program& program, const Slot& slot) {
  const MonoTime at = slot.current->ready_at + program.config.min_ready_time;
  if (m.now >= at) return true;
  m.deadlines.set({DeadlineKind::Proven, process_id(slot, *slot.current)}, at);
  return false;
}

// Each step returns whether the next one can be tried at once.
bool begin_slot(Machine& m, Program& program, Slot& slot) {
  Roll& roll = *program.roll;
  if (slot.retiring) return false;
  roll.base = slot.last_incarnation;
  roll.former.reset();
  slot.restore.reset();
  const bool service = program.config.type == config::ProgramType::Service;
  const bool serves = service && slot.current && slot.current->phase == Phase::Ready;
  if (serves && config::overlaps(program.config)) {
    slot.want_surge = true;
    roll.step = Roll::Step::Surging;
    m.touch(slot);
    return false;
  }
  slot.want_surge = false;
  slot.memory.forget();
  slot.suspect = false;
  slot.want_start = true;
  if (serves) roll.former = slot.current->made_from.program;
  if (slot.current) terminate(m, program, slot, *slot.current, StopReason::Planned);
  roll.step = Roll::Step::Plain;
  m.touch(slot);
  return false;
}

bool surge_slot(Machine& m, Program& program, Slot& slot) {
  Roll& roll = *program.roll;
  const bool surged = slot.current && slot.current->incarnation > roll.base;
  if (!surged) {
    if (slot.current && slot.current->phase == Phase::Ready) return false;  // waits for a place
    roll.step = Roll::Step::Begin;  // the old one exited before its successor was requested
    return true;
  }
  if (slot.current->phase != Phase::Ready || !is_proven(m, program, slot)) return false;
  if (slot.retiring) terminate(m, program, slot, *slot.retiring, StopReason::Planned);
  roll.step = Roll::Step::Draining;
  return true;
}

bool plain_slot(Machine& m, Program& program, const Slot& slot) {
  const Roll& roll = *program.roll;
  const bool ready =
      slot.current && slot.current->incarnation > roll.base && slot.current->phase == Phase::Ready;
  if (!ready && slot.done_incarnation <= roll.base) return false;
  if (ready && !is_proven(m, program, slot)) return false;
  next_slot(m, program);
  return true;
}

bool drain_slot(Machine& m, Program& program, const Slot& slot) {
  if (slot.retiring) return false;
  next_slot(m, program);
  return true;
}

bool restore_slot(Machine& m, Program& program, const Slot& slot) {
  const Roll& roll = *program.roll;
  const bool ready =
      slot.current && slot.current->incarnation > roll.base && slot.current->phase == Phase::Ready;
  if (ready) abort_roll(m, program, roll.reason + "; what it had replaced runs again");
  return ready;
}

bool step(Machine& m, Program& program, Slot& slot) {
  switch (program.roll->step) {
    case Roll::Step::Begin: return begin_slot(m, program, slot);
    case Roll::Step::Surging: return surge_slot(m, program, slot);
    case Roll::Step::Plain: return plain_slot(m, program, slot);
    case Roll::Step::Draining: return drain_slot(m, program, slot);
    case Roll::Step::Restoring: return restore_slot(m, program, slot);
  }
  return false;
}

void announce(Machine& m, Program& program) {
  program.roll->began = m.now;
  const std::size_t count = program.roll->pending.size();
  m.report(EventKind::RollingStarted, program,
           fmt::format("rolling restart of {} started: {} {}", program.config.name, count,
                       count == 1 ? "slot" : "slots"));
  m.touch(program);
}

}  // namespace

void start_roll(Machine& m, Program& program, std::deque<std::uint32_t> slots,
                std::optional<std::uint64_t> request) {
  program.roll.emplace();
  program.roll->pending = std::move(slots);
  if (request) program.roll->requests.push_back(*request);
  announce(m, program);
  if (request) m.accept(*request, fmt::format("restarting {}", program.config.name));
}

bool start_reload_roll(Machine& m, Program& program, std::deque<std::uint32_t> slots) {
  if (slots.empty() && !program.roll) return false;
  if (program.roll) {
    program.roll->pending = std::move(slots);
  } else {
    start_roll(m, program, std::move(slots), std::nullopt);
  }
  program.roll->from_reload = true;
  m.touch(program);
  return true;
}

void advance_roll(Machine& m, Program& program) {
  while (program.roll) {
    if (program.roll->slot && !program.slots.contains(*program.roll->slot)) {
      program.roll->slot.reset();
    }
    const Roll& roll = *program.roll;
    if (!roll.failure.empty()) {
      if (begin_restore(m, program)) return;
      abort_roll(m, program,
                 roll.reason.empty()
                     ? std::string(roll.failure)
                     : fmt::format("{}; what it had replaced did not start either: {}", roll.reason,
                                   roll.failure));
      return;
    }
    if (!roll.reason.empty() && !roll.slot) {  // stopped or removed meanwhile
      abort_roll(m, program, std::string(roll.reason));
      return;
    }
    Slot* slot =
        program.roll->slot ? m.find(SlotId{program.id, *program.roll->slot}) : pick(program);
    if (slot == nullptr) {
      complete_roll(m, program);
      return;
    }
    if (!step(m, program, *slot)) return;
  }
}

void fail_roll(Machine& m, Program& program, const Slot& slot, std::uint64_t incarnation,
               std::string why) {
  if (!program.roll || program.roll->slot != slot.id.slot || !program.roll->failure.empty()) return;
  if (program.roll->step == Roll::Step::Begin || incarnation <= program.roll->base) return;
  program.roll->failure = std::move(why);
  m.touch(program);
}

bool is_restored(const Program& program, const Slot& slot, const Process& failed) {
  if (slot.restore) return failed.made_from.program != slot.restore;
  return program.roll && program.roll->slot == slot.id.slot && can_restore(program);
}

void stall_roll(Machine& m, Program& program, const Slot& slot, const std::string& why) {
  if (!program.roll || program.roll->slot != slot.id.slot || !program.roll->failure.empty()) return;
  program.roll->failure = why;
  m.touch(program);
}

void leave_roll(Machine& m, Program& program, Slot& slot) {
  slot.want_surge = false;
  if (!program.roll) return;
  std::erase(program.roll->pending, slot.id.slot);
  if (program.roll->slot == slot.id.slot) program.roll->slot.reset();
  m.touch(program);
}

bool can_supersede_roll(const Program& program) {
  const Roll& roll = *program.roll;
  if (roll.from_reload || roll.step == Roll::Step::Restoring) return false;
  if (roll.step != Roll::Step::Surging || !roll.slot) return true;
  const auto slot = program.slots.find(*roll.slot);
  return slot == program.slots.end() || !slot->second.retiring || !slot->second.current ||
         slot->second.current->phase != Phase::Ready;
}

void supersede_roll(Machine& m, Program& program, const std::string& why) {
  const Roll roll = std::move(*program.roll);
  program.roll.reset();
  const std::string text = fmt::format("rolling restart of {} ended: {}", program.config.name, why);
  m.report(EventKind::RollingSuperseded, program, text);
  Slot* slot = roll.slot ? m.find(SlotId{program.id, *roll.slot}) : nullptr;
  if (slot != nullptr) {
    slot->want_surge = false;
    const bool begun = roll.step == Roll::Step::Surging || roll.step == Roll::Step::Plain;
    const bool unready = slot->current && slot->current->incarnation > roll.base &&
                         slot->current->phase != Phase::Ready;
    if (begun && unready) {
      terminate(m, program, *slot, *slot->current, StopReason::Planned);
      if (slot->retiring && slot->retiring->phase == Phase::Ready) {
        std::swap(slot->current, slot->retiring);  // the old one stays
        m.set_state(*slot, SlotState::Ready);
      } else {
        slot->want_start = true;
      }
    }
    m.touch(*slot);
  }
  for (const std::uint64_t request : roll.requests)
    m.reply(request, false, text);
  m.touch(program);
}

void cancel_roll(Machine& m, Program& program, const std::string& why) {
  if (program.roll) abort_roll(m, program, why);
}

}  // namespace holdfast::supervisor::core
