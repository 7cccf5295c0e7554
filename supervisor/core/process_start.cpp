// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/process_start.hpp"

#include "common/config/reload.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/signalling.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::core {

namespace {

bool is_oneshot(const Program& program) {
  return program.config.type == config::ProgramType::Oneshot;
}

// A worker that says it is busy for longer than this must say so again.
constexpr Duration kLongestExtension = std::chrono::hours(24);

// A running process keeps the interval that it was given in WATCHDOG_USEC: with a shorter one, or
// with one that it never heard of, it would be killed for doing what it was asked to do. Many
// programs send READY=1 and never WATCHDOG=1: the first heartbeat is the promise of more.
Duration effective_watchdog(const Program& program, const Process& process) {
  const Duration wanted = program.config.watchdog;
  const bool required = process.must_beat && program.config.watchdog_required;
  if (!process.beats && !required) return Duration::zero();
  if (wanted <= Duration::zero() || process.watchdog <= Duration::zero()) return Duration::zero();
  return std::max(wanted, process.watchdog);
}

void become_ready(Machine& m, Program& program, Slot& slot, Process& process) {
  process.phase = Phase::Ready;
  process.was_ready = true;
  slot.had_been_ready = true;
  process.ready_at = process.pinged_at = m.now;
  forget_extension(process);
  process.not_ready_because.clear();
  slot.last_error.clear();
  slot.not_ready_error = false;
  m.deadlines.cancel({DeadlineKind::Ready, process_id(slot, process)});
  refresh_timers(m, program, slot, process);
  m.set_state(slot, SlotState::Ready);
  m.report(EventKind::Ready, &program, process_id(slot, process),
           fmt::format("{} is ready after {}", name_of(program, slot.id.slot, process.incarnation),
                       format_rounded(m.now - process.spawned_at)));
  if (process.owed_reload) send_reload_signal(m, program, slot, process);
}

void on_ping(Machine& m, const Program& program, const Slot& slot, Process& process) {
  process.beats = true;
  if (process.phase != Phase::Ready) return;
  process.pinged_at = m.now;
  process.extended_until = {};
  const Duration limit = effective_watchdog(program, process);
  if (limit > Duration::zero()) {
    m.deadlines.set({DeadlineKind::Watchdog, process_id(slot, process)}, m.now + limit);
  }
}

}  // namespace

void begin_process(Machine& m, Program& program, Slot& slot) {
  const bool surge = slot.current.has_value();
  if (surge) {
    slot.retiring = std::move(slot.current);
    slot.current.reset();
  }
  m.deadlines.cancel({DeadlineKind::Retry, {slot.id, 0}});
  slot.retry_at.reset();
  slot.want_start = slot.want_surge = false;
  slot.ticket = 0;
  Process process;
  process.incarnation = ++slot.last_incarnation;
  process.suspect = slot.suspect;
  process.restart = !surge && slot.had_been_ready;
  process.spawned_at = m.now;
  process.made_from.program = program.former ? program.former : program.shown;
  if (program.former) {
    process.made_from.differs = config::keys_with(
        config::changed_keys(*program.former, program.config), config::ReloadEffect::Roll);
  }
  if (program.config.ready == config::ReadyKind::Notify && !is_oneshot(program)) {
    process.watchdog = program.config.watchdog;
    process.must_beat = program.config.watchdog_required;
  }
  slot.current = std::move(process);
  ++slot.starts;
  if (slot.unplanned) ++slot.restarts;
  slot.unplanned = false;
  const ProcessId id = process_id(slot, *slot.current);
  m.set_state(slot, SlotState::Starting);
  m.act(Spawn{id, surge ? std::string() : slot.predecessor, slot.current->made_from.program});
  m.report(EventKind::Starting, &program, id,
           fmt::format("{} starts", name_of(program, slot.id.slot, id.incarnation)));
}

void on_spawned(Machine& m, const Spawned& event) {
  const FoundProcess found = m.find(event.process);
  if (!found || found.process->phase != Phase::Spawning) return;
  Program& program = *found.program;
  Slot& slot = *found.slot;
  Process& process = *found.process;
  process.pid = event.pid;
  process.phase = Phase::Starting;
  process.spawned_at = m.now;
  slot.predecessor.clear();
  if (!slot.not_ready_error) slot.last_error.clear();
  m.touch(slot);
  const StopReason wanted = std::exchange(process.reason, StopReason::None);
  if (wanted != StopReason::None || m.shutdown) {
    terminate(m, program, slot, process, StopReason::Planned);
  } else if (!is_oneshot(program) &&
             (process.ready_early || program.config.ready == config::ReadyKind::Started)) {
    become_ready(m, program, slot, process);
  } else {
    refresh_timers(m, program, slot, process);
  }
}

void refresh_timers(Machine& m, Program& program, Slot& slot, Process& process) {
  const ProcessId id = process_id(slot, process);
  const DeadlineKey watchdog{DeadlineKind::Watchdog, id};
  const DeadlineKey settle{DeadlineKind::Settle, id};
  if (process.phase == Phase::Starting) {
    const Duration limit = program.config.ready_timeout;
    const DeadlineKey ready{DeadlineKind::Ready, id};
    if (limit > Duration::zero()) {
      m.deadlines.set(ready, std::max(process.spawned_at + limit, process.extended_until));
    } else {
      m.deadlines.cancel(ready);
    }
  }
  if (process.phase != Phase::Ready) return;
  const Duration limit = effective_watchdog(program, process);
  if (limit > Duration::zero()) {
    m.deadlines.set(watchdog, std::max(process.pinged_at + limit, process.extended_until));
  } else {
    m.deadlines.cancel(watchdog);
  }
  if (slot.memory.announced_at) {
    m.deadlines.set(settle, process.ready_at + settled_time(program.config));
  }
}

void on_notified(Machine& m, const Notified& event) {
  const FoundProcess found = m.find(event.process);
  if (!found) return;
  Process& process = *found.process;
  process.notified = true;
  const bool service = !is_oneshot(*found.program);
  const bool up = process.phase == Phase::Starting || process.phase == Phase::Ready;
  switch (event.notice) {
    case Notice::Ready:
      if (process.phase == Phase::Spawning) process.ready_early = true;
      if (process.phase == Phase::Starting && service) {
        become_ready(m, *found.program, *found.slot, process);
      }
      break;
    case Notice::Watchdog: on_ping(m, *found.program, *found.slot, process); break;
    case Notice::WatchdogTrigger:
      if (up && service) terminate(m, *found.program, *found.slot, process, StopReason::Hung);
      break;
    case Notice::Stopping:
      if (up && service) terminate(m, *found.program, *found.slot, process, StopReason::OwnAccord);
      break;
  }
}

namespace {

// Moves `key` to `until` if it is set and earlier. Returns whether it was moved.
bool prolong(Machine& m, const DeadlineKey& key, MonoTime until) {
  const auto at = m.deadlines.at(key);
  if (!at || *at >= until) return false;
  m.deadlines.set(key, until);
  return true;
}

bool prolong_stop(Machine& m, const ProcessId& id, Process& process, MonoTime until) {
  if (process.reason == StopReason::Hung) return false;
  if (m.shutdown) until = std::min(until, m.shutdown->kill_at);
  if (!prolong(m, {DeadlineKind::Kill, id}, until)) return false;
  process.stop_budget = until - process.stop_at;
  return true;
}

}  // namespace

void on_timeout_extended(Machine& m, const TimeoutExtended& event) {
  const FoundProcess found = m.find(event.process);
  if (!found || found.process->killed) return;
  Process& process = *found.process;
  process.notified = true;
  const Duration by = std::clamp(event.by, Duration::zero(), kLongestExtension);
  const MonoTime until = m.now + by;
  process.extended_until = std::max(process.extended_until, until);
  bool moved = false;
  std::string_view what;
  switch (process.phase) {
    case Phase::Spawning: break;  // taken into account once it is spawned
    case Phase::Starting:
      moved = prolong(m, {DeadlineKind::Ready, event.process}, until);
      what = "to start";
      break;
    case Phase::Ready:
      moved = prolong(m, {DeadlineKind::Watchdog, event.process}, until);
      what = "until its next heartbeat";
      break;
    case Phase::Stopping:
      moved = prolong_stop(m, event.process, process, until);
      what = "to stop";
      break;
  }
  if (!moved || std::exchange(process.extension_reported, true)) return;
  m.report(EventKind::TimeoutExtended, found.program, event.process,
           fmt::format("{} asked for more time {}: {} from now",
                       name_of(*found.program, found.slot->id.slot, process.incarnation), what,
                       format_rounded(by)));
}

void on_not_ready_because(Machine& m, const NotReadyBecause& event) {
  const FoundProcess found = m.find(event.process);
  if (!found || found.process->not_ready_because == event.reason) return;
  if (found.process->phase != Phase::Spawning && found.process->phase != Phase::Starting) return;
  found.process->not_ready_because = event.reason;
  if (!found.slot->current || &*found.slot->current != found.process) return;
  found.slot->last_error = event.reason;
  found.slot->not_ready_error = true;
  m.touch(*found.slot);
}

void on_status_text(Machine& m, const StatusText& event) {
  const FoundProcess found = m.find(event.process);
  if (!found) return;
  found.process->notified = true;
  if (found.process->status == event.text) return;
  found.process->status = event.text;
  m.touch();
}

}  // namespace holdfast::supervisor::core
