// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/process_stop.hpp"

#include "common/base/duration.hpp"
#include "supervisor/core/process_health.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/waits.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace holdfast::supervisor::core {

namespace {

using namespace std::chrono_literals;

constexpr Duration kUnkillableInterval = 10s;

void cancel_running_timers(Machine& m, const ProcessId& id) {
  for (const DeadlineKind kind : {DeadlineKind::Ready, DeadlineKind::Watchdog, DeadlineKind::Health,
                                  DeadlineKind::Proven, DeadlineKind::Settle}) {
    m.deadlines.cancel({kind, id});
  }
}

std::string hang_description(const Machine& m, const config::Program& config,
                             const Process& process) {
  const Duration silent = m.now - std::max(process.pinged_at, process.spawned_at);
  if (silent < config.watchdog) return "reported that it hangs";
  switch (config.watchdog_source) {
    case config::WatchdogSource::Metrics:
      return fmt::format("answered no scrape for {}", format_rounded(silent));
    case config::WatchdogSource::Health:
      return fmt::format("answered no health probe for {}", format_rounded(silent));
    case config::WatchdogSource::Notify: break;
  }
  return fmt::format("sent no heartbeat for {}", format_rounded(silent));
}

// What the configuration could say instead, if the program simply does not speak sd_notify.
constexpr const char* kNeverNotified =
    "it sent no READY=1; if it does not speak sd_notify, set ready = \"started\", ready = "
    "\"http://…\" or ready_log; if a child of it does, notify_access = \"all\"";

std::string why_not_ready(const config::Program& config, const Process& process) {
  if (!process.not_ready_because.empty()) return process.not_ready_because;
  switch (config.ready) {
    case config::ReadyKind::Notify:
      return process.notified ? "it sent other notifications, but no READY=1" : kNeverNotified;
    case config::ReadyKind::Probe:
      return fmt::format("{} was not probed", to_string(config.ready_probe));
    case config::ReadyKind::LogLine:
      return fmt::format("no line of its output matched ready_log '{}'", config.ready_pattern);
    case config::ReadyKind::Started: break;
  }
  return "it did not become ready";
}

std::string over_memory_max(const config::Program& config, const Process& process) {
  return fmt::format("uses {} of memory, more than memory_max, {}",
                     format_bytes(process.memory_used), format_bytes(config.memory_max));
}

// SIGCONT, or a process stopped by SIGSTOP would not print its stacks.
void abort_process(Machine& m, const ProcessId& id) {
  m.act(Signal{id, SIGABRT, false});
  m.act(Signal{id, SIGCONT, false});
}

// Reports why, sends the signals, and returns how long the process may take.
Duration announce_stop(Machine& m, const Program& program, Slot& slot, Process& process,
                       StopReason reason) {
  const ProcessId id = process_id(slot, process);
  const std::string name = name_of(program, slot.id.slot, process.incarnation);
  const config::Program& config = program.config;
  switch (reason) {
    case StopReason::Hung:
      m.report(
          EventKind::Hung, &program, id,
          fmt::format("{} {}: SIGABRT, SIGKILL in {}", name, hang_description(m, config, process),
                      format_rounded(config.watchdog_grace)));
      abort_process(m, id);
      return config.watchdog_grace;
    case StopReason::Unhealthy:
      if (slot.current && &*slot.current == &process) {
        slot.last_error = "unhealthy: " + process.unhealthy_because;
        slot.not_ready_error = true;
      }
      m.report(EventKind::Unhealthy, &program, id,
               fmt::format("{} is unhealthy: {}: SIGABRT, SIGKILL in {}", name,
                           process.unhealthy_because, format_rounded(config.watchdog_grace)));
      abort_process(m, id);
      return config.watchdog_grace;
    case StopReason::OwnAccord:
      m.report(EventKind::Stopping, &program, id,
               fmt::format("{} reported that it is stopping", name));
      return config.stop_timeout;
    case StopReason::OutOfMemory:
      if (slot.current && &*slot.current == &process) {
        slot.last_error = over_memory_max(config, process);
        slot.not_ready_error = false;
      }
      m.report(EventKind::MemoryMax, &program, id,
               fmt::format("{} {}; stopping it", name, over_memory_max(config, process)));
      break;
    case StopReason::ReadyTimeout:
      process.not_ready_because =
          fmt::format("not ready within {}: {}", format_rounded(m.now - process.spawned_at),
                      why_not_ready(*process.made_from.program, process));
      if (slot.current && &*slot.current == &process) {
        slot.last_error = process.not_ready_because;
        slot.not_ready_error = true;
      }
      m.report(EventKind::ReadyTimeout, &program, id,
               fmt::format("{} was {}; stopping it", name, process.not_ready_because));
      break;
    case StopReason::Planned:
    case StopReason::None:
      m.report(
          EventKind::Stopping, &program, id,
          fmt::format("{} is stopping, {} allowed", name, format_rounded(config.stop_timeout)));
      break;
  }
  const bool group = config.stop_scope == config::StopScope::Group;
  m.act(Signal{id, config.stop_signal, group, process.phase == Phase::Ready});
  // Else a process stopped by SIGSTOP would not handle the signal above.
  m.act(Signal{id, SIGCONT, group});
  return config.stop_timeout;
}

std::string failure_text(const config::Program& config, const Process& process, StopReason reason) {
  switch (reason) {
    case StopReason::OutOfMemory: return over_memory_max(config, process);
    case StopReason::ReadyTimeout: return "was " + process.not_ready_because;
    case StopReason::Hung: return "hung";
    case StopReason::Unhealthy: return "was unhealthy: " + process.unhealthy_because;
    default: return "stopped of its own accord";
  }
}

}  // namespace

void leave_ready(Machine& m, Slot& slot) {
  if (slot.state != SlotState::Ready || !slot.current) return;
  for (const auto* process : {&slot.current, &slot.retiring}) {
    if (*process && (*process)->phase == Phase::Ready) return;
  }
  const bool stopping = slot.current->phase == Phase::Stopping;
  m.set_state(slot, stopping ? SlotState::Stopping : SlotState::Starting);
}

void terminate(Machine& m, Program& program, Slot& slot, Process& process, StopReason reason) {
  if (process.phase == Phase::Spawning) {
    process.reason = reason;
    const bool is_current = slot.current && &*slot.current == &process;
    if (is_current) m.set_state(slot, SlotState::Stopping);
    return;
  }
  if (process.killed || process.exit) return;
  if (process.reason != StopReason::None &&
      !(process.reason == StopReason::OwnAccord && reason == StopReason::Planned)) {
    return;
  }
  const ProcessId id = process_id(slot, process);
  const DeadlineKey kill_key{DeadlineKind::Kill, id};
  const auto before = m.deadlines.at(kill_key);
  cancel_running_timers(m, id);
  forget_extension(process);
  if (m.shutdown && m.shutdown->killed) {
    process.phase = Phase::Stopping;
    process.reason = reason;
    process.stop_at = m.now;
    kill(m, program, slot, process);
  } else {
    process.stop_budget = announce_stop(m, program, slot, process, reason);
    process.phase = Phase::Stopping;
    process.reason = reason;
    process.stop_at = m.now;
    MonoTime at = m.now + process.stop_budget;
    if (before) at = std::min(at, *before);
    if (m.shutdown) at = std::min(at, m.shutdown->kill_at);
    m.deadlines.set(kill_key, at);
  }
  if (slot.current && &*slot.current == &process) {
    if (reason != StopReason::Planned) {
      fail_roll(m, program, slot, process.incarnation,
                fmt::format("{} {}", name_of(program, slot.id.slot, process.incarnation),
                            failure_text(program.config, process, reason)));
    }
    if (reason != StopReason::Planned && slot.retiring && slot.retiring->phase == Phase::Ready) {
      std::swap(slot.current, slot.retiring);  // the old one stays
      slot.last_error.clear();
      slot.not_ready_error = false;
      m.set_state(slot, SlotState::Ready);
    } else {
      m.set_state(slot,
                  reason == StopReason::Unhealthy ? SlotState::Unhealthy : SlotState::Stopping);
    }
  } else {
    leave_ready(m, slot);
  }
  m.touch(slot);
}

void terminate_all(Machine& m, Program& program, Slot& slot) {
  if (slot.retiring) terminate(m, program, slot, *slot.retiring, StopReason::Planned);
  if (slot.current) terminate(m, program, slot, *slot.current, StopReason::Planned);
}

void kill(Machine& m, Program& program, Slot& slot, Process& process) {
  if (process.killed || process.phase == Phase::Spawning) return;
  const ProcessId id = process_id(slot, process);
  cancel_running_timers(m, id);
  m.deadlines.cancel({DeadlineKind::Kill, id});
  process.killed = true;
  // One that exited by itself stays an unplanned exit, whatever becomes of what it left.
  if (process.reason == StopReason::None && !process.exit) process.reason = StopReason::Planned;
  const std::string cause = process.phase == Phase::Stopping && process.stop_at < m.now
                                ? "did not stop within " + format_rounded(m.now - process.stop_at)
                                : "is out of time";
  if (process.phase != Phase::Stopping) process.stop_at = m.now;
  process.phase = Phase::Stopping;
  if (m.shutdown) m.shutdown->forced = true;
  m.act(Signal{id, SIGKILL, true});
  m.report(
      EventKind::ForcedKill, &program, id,
      fmt::format("{} {}: SIGKILL", name_of(program, slot.id.slot, process.incarnation), cause));
  m.deadlines.set({DeadlineKind::Unkillable, id}, m.now + kUnkillableInterval);
  if (slot.current && &*slot.current == &process) m.set_state(slot, SlotState::Stopping);
  m.touch(slot);
}

void stop_leftovers(Machine& m, Program& program, Slot& slot, Process& process) {
  const ProcessId id = process_id(slot, process);
  const std::string left = fmt::format("{} has exited and left {} {} behind",
                                       name_of(program, slot.id.slot, process.incarnation),
                                       process.left, process.left == 1 ? "process" : "processes");
  cancel_running_timers(m, id);
  if (process.phase != Phase::Stopping) {
    process.phase = Phase::Stopping;
    process.stop_at = m.now;
    process.stop_budget = program.config.stop_timeout;
  }
  const bool serves_beside = slot.retiring && slot.retiring->phase == Phase::Ready;
  if (slot.current && &*slot.current == &process && !serves_beside) {
    m.set_state(slot, SlotState::Stopping);
  }
  m.touch(slot);
  if (process.killed || (m.shutdown && m.shutdown->killed)) {
    m.report(EventKind::Leftovers, &program, id, left + ": SIGKILL");
    process.killed = true;
    m.act(Signal{id, SIGKILL, true});
    if (m.shutdown) m.shutdown->forced = true;
    m.deadlines.cancel({DeadlineKind::Kill, id});
    m.deadlines.set({DeadlineKind::Unkillable, id}, m.now + kUnkillableInterval);
    return;
  }
  const DeadlineKey kill_key{DeadlineKind::Kill, id};
  MonoTime kill_at = m.deadlines.at(kill_key).value_or(m.now + program.config.stop_timeout);
  if (m.shutdown) kill_at = std::min(kill_at, m.shutdown->kill_at);
  m.report(EventKind::Leftovers, &program, id,
           fmt::format("{}: stopping them, SIGKILL in {}", left, format_rounded(kill_at - m.now)));
  m.act(Signal{id, program.config.stop_signal, true});
  m.act(Signal{id, SIGCONT, true});
  m.deadlines.set(kill_key, kill_at);
}

namespace {

// A migration that takes long must not be killed: it is reported once and left running.
void on_ready_deadline(Machine& m, const FoundProcess& found) {
  if (m.shutdown) return;  // it is stopped in its stage, ready or not
  if (found.program->config.type == config::ProgramType::Oneshot) {
    m.report(EventKind::ReadyTimeout, found.program, process_id(*found.slot, *found.process),
             fmt::format("{} is still running after {}",
                         name_of(*found.program, found.slot->id.slot, found.process->incarnation),
                         format_rounded(m.now - found.process->spawned_at)));
    return;
  }
  terminate(m, *found.program, *found.slot, *found.process, StopReason::ReadyTimeout);
}

void on_settled(Machine& m, const FoundProcess& found) {
  Slot& slot = *found.slot;
  slot.memory.settle();
  m.report(EventKind::CrashLoopEnded, found.program, process_id(slot, *found.process),
           fmt::format("{} has recovered from its crash loop: ready for {}",
                       name_of(*found.program, slot.id.slot),
                       format_rounded(m.now - found.process->ready_at)));
  m.touch(slot);
}

void on_unkillable(Machine& m, const DeadlineKey& key, const FoundProcess& found) {
  const std::string text =
      fmt::format("{} is still running {} after it was asked to stop, despite SIGKILL",
                  name_of(*found.program, found.slot->id.slot, found.process->incarnation),
                  format_rounded(m.now - found.process->stop_at));
  m.report(EventKind::SlowStop, found.program, key.owner, text);
  m.deadlines.set(key, m.now + kUnkillableInterval);
  stall_roll(m, *found.program, *found.slot, text);
  stall_waits(m, *found.program, *found.slot, text);
}

}  // namespace

void on_process_deadline(Machine& m, const DeadlineKey& key) {
  const FoundProcess found = m.find(key.owner);
  if (!found) return;
  switch (key.kind) {
    case DeadlineKind::Ready: on_ready_deadline(m, found); break;
    case DeadlineKind::Watchdog:
      terminate(m, *found.program, *found.slot, *found.process, StopReason::Hung);
      break;
    case DeadlineKind::Health: on_health_due(m, *found.program, *found.slot, *found.process); break;
    case DeadlineKind::Proven: m.touch(*found.program); break;
    case DeadlineKind::Kill: kill(m, *found.program, *found.slot, *found.process); break;
    case DeadlineKind::Unkillable: on_unkillable(m, key, found); break;
    case DeadlineKind::Settle: on_settled(m, found); break;
    default: break;
  }
}

}  // namespace holdfast::supervisor::core
