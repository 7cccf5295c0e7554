// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/process_exit.hpp"

#include "common/os/exit_codes.hpp"
#include "supervisor/core/process_stop.hpp"
#include "supervisor/core/rolling.hpp"
#include "supervisor/core/schedule.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace holdfast::supervisor::core {

namespace {

struct EndedProcess {
  Process process;
  bool was_current = false;
  std::optional<ExitStatus> status;  // none: it was never spawned
  std::string error;                 // why it could not be spawned
};

// When the process itself ended, whatever it left behind.
MonoTime ended_at(const Machine& m, const Process& process) {
  return process.exit ? process.exited_at : m.now;
}

// "api-worker.0 (incarnation 3) died: signal 11 (SIGSEGV) after 12s"
std::string exit_message(const Machine& m, const Program& program, const Slot& slot,
                         const EndedProcess& end) {
  const std::string name = name_of(program, slot.id.slot, end.process.incarnation);
  if (!end.status) return fmt::format("{} could not be started: {}", name, end.error);
  const bool clean = is_success(program.config, *end.status);
  const char* verb = "died";
  if (end.process.reason == StopReason::Planned) {
    verb = "stopped";
  } else if (end.process.reason == StopReason::ReadyTimeout) {
    verb = "ended before becoming ready";
  } else if (end.process.reason == StopReason::Hung) {
    verb = "ended after hanging";
  } else if (end.process.reason == StopReason::Unhealthy) {
    verb = "ended after being unhealthy";
  } else if (end.process.reason == StopReason::OutOfMemory) {
    verb = "ended after using too much memory";
  } else if (clean) {
    verb = "exited unexpectedly";
  }
  return fmt::format("{} {}: {} after {}", name, verb, describe(*end.status),
                     format_rounded(ended_at(m, end.process) - end.process.spawned_at));
}

EventKind event_kind_of(const Program& program, const EndedProcess& end) {
  if (end.process.reason == StopReason::Planned) return EventKind::Stopped;
  if (!end.status) return EventKind::SpawnFailed;
  if (end.process.reason == StopReason::ReadyTimeout) return EventKind::Backoff;
  const bool clean = is_success(program.config, *end.status);
  const bool by_us = end.process.reason == StopReason::Hung ||
                     end.process.reason == StopReason::Unhealthy ||
                     end.process.reason == StopReason::OutOfMemory;
  if (clean && !by_us) return EventKind::ExitedUnexpectedly;
  return EventKind::Crashed;
}

// `next`: what follows, as the end of a sentence. `next_try`: the same, for a crash report.
void report_exit(Machine& m, const Program& program, const Slot& slot, const EndedProcess& end,
                 EventKind kind, std::string_view next, std::string next_try = {}) {
  m.act(Report{kind, process_id(slot, end.process), program.config.name,
               exit_message(m, program, slot, end) + std::string(next), std::move(next_try)});
}

std::string keeps_running(const Slot& slot) {
  return fmt::format("incarnation {} keeps running", slot.current->incarnation);
}

void report_slow_stop(Machine& m, const Program& program, const Slot& slot,
                      const EndedProcess& end) {
  const Process& process = end.process;
  if (process.phase != Phase::Stopping || process.killed) return;
  const Duration took = m.now - process.stop_at;
  if (took <= process.stop_budget * 8 / 10) return;
  m.report(EventKind::SlowStop, &program, process_id(slot, process),
           fmt::format("{} took {} of its {} to stop",
                       name_of(program, slot.id.slot, process.incarnation), format_rounded(took),
                       format_rounded(process.stop_budget)));
}

void wait_for_retry(Machine& m, Slot& slot, SlotState state, Duration delay) {
  slot.retry_at = m.now + delay;
  m.deadlines.set({DeadlineKind::Retry, {slot.id, 0}}, *slot.retry_at);
  m.set_state(slot, state);
}

void finish_oneshot(Machine& m, Program& program, Slot& slot, const EndedProcess& end) {
  slot.done_incarnation = end.process.incarnation;
  slot.done_with = end.process.made_from;
  if (slot.memory.announced_at) {
    m.report(EventKind::CrashLoopEnded, &program, process_id(slot, end.process),
             fmt::format("{} has recovered from its crash loop", name_of(program, slot.id.slot)));
  }
  slot.memory = {};
  m.set_state(slot, SlotState::Done);
  m.report(
      EventKind::OneshotDone, &program, process_id(slot, end.process),
      fmt::format("{} completed after {}", name_of(program, slot.id.slot, end.process.incarnation),
                  format_rounded(m.now - end.process.spawned_at)));
}

void report_crash_loop(Machine& m, const Program& program, const Slot& slot,
                       const EndedProcess& end, Duration pause) {
  const std::size_t count = std::max<std::size_t>(slot.memory.in_a_row, slot.memory.recent.size());
  m.report(
      EventKind::CrashLoop, &program, process_id(slot, end.process),
      fmt::format("{} is in a crash loop: {} unplanned exits, most recently {}; retrying every {}",
                  name_of(program, slot.id.slot), count,
                  end.status ? describe(*end.status) : end.error, format_rounded(pause)));
}

// A oneshot that a reload runs gets one try: a person decides what follows from its failure.
bool runs_for_reload(const Program& program, const Slot& slot) {
  return program.config.type == config::ProgramType::Oneshot && program.roll &&
         program.roll->from_reload && program.roll->slot == slot.id.slot;
}

void fail_by_limit(Machine& m, const Program& program, Slot& slot, const EndedProcess& end) {
  const std::uint32_t limit = program.config.max_restarts_per_hour;
  const std::string why =
      fmt::format("restarted {} {} within an hour, and max_restarts_per_hour allows no more", limit,
                  limit == 1 ? "time" : "times");
  report_exit(m, program, slot, end, EventKind::Failed, "; not restarted: " + why,
              "not again: " + why);
  slot.last_error = fmt::format("{}; {}", end.status ? describe(*end.status) : end.error, why);
  slot.not_ready_error = false;
  m.set_state(slot, SlotState::Failed);
}

void apply(Machine& m, Program& program, Slot& slot, const EndedProcess& end,
           const RestartDecision& decision) {
  const EventKind kind = event_kind_of(program, end);
  switch (decision.action) {
    case RestartAction::Done: finish_oneshot(m, program, slot, end); return;
    case RestartAction::Leave:
      report_exit(m, program, slot, end, EventKind::Stopped,
                  "; the restart policy leaves it stopped");
      m.set_state(slot, SlotState::Stopped);
      return;
    case RestartAction::Fail: {
      if (decision.too_many_restarts) return fail_by_limit(m, program, slot, end);
      const bool configuration =
          end.status && !end.status->signaled && end.status->value == exit_code::kConfig;
      const bool once = runs_for_reload(program, slot);
      report_exit(m, program, slot, end, configuration ? EventKind::Failed : kind,
                  configuration ? "; not restarted: it reported an invalid configuration"
                  : once        ? "; not run again by itself"
                                : "; the restart policy leaves it failed",
                  configuration ? "not again: it reported an invalid configuration (exit code 78)"
                  : once        ? "not again: it was run once, for a reload"
                                : "not again: the restart policy leaves it failed");
      m.set_state(slot, SlotState::Failed);
      return;
    }
    case RestartAction::Now:
      report_exit(m, program, slot, end, kind, "; restarting immediately", "at once");
      slot.want_start = true;
      m.set_state(slot, SlotState::Backoff);
      break;
    case RestartAction::Backoff:
      report_exit(m, program, slot, end, kind,
                  fmt::format("; next start in {}", format_rounded(decision.delay)),
                  "in " + format_rounded(decision.delay));
      wait_for_retry(m, slot, SlotState::Backoff, decision.delay);
      break;
    case RestartAction::CrashLoop:
      report_exit(m, program, slot, end, kind,
                  fmt::format("; next try in {}", format_rounded(decision.delay)),
                  "in " + format_rounded(decision.delay));
      wait_for_retry(m, slot, SlotState::CrashLoop, decision.delay);
      if (decision.entered_crash_loop) report_crash_loop(m, program, slot, end, decision.delay);
      break;
  }
  slot.unplanned = true;
}

void end_retiring(Machine& m, Program& program, Slot& slot, const EndedProcess& end) {
  if (end.process.reason == StopReason::Planned) {
    report_exit(m, program, slot, end, EventKind::Stopped, "");
    report_slow_stop(m, program, slot, end);
  } else if (slot.current) {
    report_exit(m, program, slot, end, event_kind_of(program, end), "; " + keeps_running(slot),
                keeps_running(slot));
  } else {
    report_exit(m, program, slot, end, event_kind_of(program, end), "",
                "not again: it was being replaced");
  }
  if (!slot.current && slot.state == SlotState::Stopping) m.set_state(slot, SlotState::Stopped);
}

// The new process of a surge has exited while the old one still serves. Returns whether it does.
bool fall_back(Machine& m, Program& program, Slot& slot, const EndedProcess& end) {
  if (end.process.reason == StopReason::Planned) return false;
  if (!slot.retiring || slot.retiring->phase != Phase::Ready) return false;
  slot.current = std::move(slot.retiring);
  slot.retiring.reset();
  slot.had_been_ready = true;  // and is: if it ends, its restart is one of what had been ready
  slot.suspect = false;
  report_exit(m, program, slot, end, event_kind_of(program, end), "; " + keeps_running(slot),
              keeps_running(slot));
  m.set_state(slot, SlotState::Ready);
  return true;
}

void end_current(Machine& m, Program& program, Slot& slot, const EndedProcess& end) {
  const bool planned = end.process.reason == StopReason::Planned;
  slot.memory_high_since.reset();
  slot.suspect = !end.process.was_ready;
  if (!planned && !end.process.was_ready) slot.had_been_ready = false;
  if (planned) {
    slot.predecessor.clear();
  } else if (end.status) {
    slot.predecessor = describe(*end.status);
  }
  const bool clean = end.status && is_success(program.config, *end.status);
  const bool success = clean && !planned && program.config.type == config::ProgramType::Oneshot;
  if (!planned && !success) {
    slot.last_failure = exit_message(m, program, slot, end);
    fail_roll(m, program, slot, end.process.incarnation, slot.last_failure);
  }
  if (fall_back(m, program, slot, end)) return;
  if (!planned) note_run_end(m, program, end.process, success);
  const bool wanted =
      slot.desired == Desired::Run && !slot.removing && !program.removing && !m.shutdown;
  if (!planned && wanted) {
    if (is_restored(program, slot, end.process)) {
      report_exit(m, program, slot, end, event_kind_of(program, end),
                  "; what it had replaced is started again", "at once, as what it had replaced");
      m.set_state(slot, SlotState::Backoff);
      return;
    }
    UnplannedExit exit;
    exit.status = end.status;
    exit.by_us = is_failure(end.process.reason);
    if (end.process.was_ready) exit.ready_for = ended_at(m, end.process) - end.process.ready_at;
    RestartDecision decision = decide_restart(program.config, slot.memory, exit, m.now, m.random);
    if (!success && runs_for_reload(program, slot))
      decision = {RestartAction::Fail, {}, false, false};
    apply(m, program, slot, end, decision);
    return;
  }
  if (success) {
    finish_oneshot(m, program, slot, end);
    return;
  }
  report_exit(m, program, slot, end, event_kind_of(program, end),
              planned      ? ""
              : m.shutdown ? "; not restarted: shutting down"
                           : "; not restarted",
              m.shutdown ? "not again: shutting down" : "not again: it is to be stopped");
  report_slow_stop(m, program, slot, end);
  m.set_state(slot, slot.retiring ? SlotState::Stopping : SlotState::Stopped);
}

void end_process(Machine& m, const FoundProcess& found, std::optional<ExitStatus> status,
                 std::string error) {
  Slot& slot = *found.slot;
  EndedProcess end;
  end.was_current = slot.current && &*slot.current == found.process;
  end.status = status;
  end.error = std::move(error);
  auto& place = end.was_current ? slot.current : slot.retiring;
  end.process = std::move(*place);
  place.reset();
  const ProcessId id = process_id(slot, end.process);
  for (const DeadlineKind kind :
       {DeadlineKind::Ready, DeadlineKind::Watchdog, DeadlineKind::Kill, DeadlineKind::Unkillable,
        DeadlineKind::Health, DeadlineKind::Proven, DeadlineKind::Settle}) {
    m.deadlines.cancel({kind, id});
  }
  m.touch(slot);
  if (end.was_current) {
    end_current(m, *found.program, slot, end);
  } else {
    end_retiring(m, *found.program, slot, end);
    leave_ready(m, slot);
  }
}

}  // namespace

void on_exited(Machine& m, const Exited& event) {
  const FoundProcess found = m.find(event.process);
  if (!found) return;
  if (found.process->exit) return;
  found.slot->last_exit = event.status;
  if (found.slot->not_ready_error && found.process->reason != StopReason::ReadyTimeout &&
      found.process->reason != StopReason::Unhealthy) {
    found.slot->last_error.clear();  // its exit says more
    found.slot->not_ready_error = false;
  }
  if (event.left == 0) return end_process(m, found, event.status, {});
  found.process->exit = event.status;
  found.process->exited_at = m.now;
  found.process->left = event.left;
  stop_leftovers(m, *found.program, *found.slot, *found.process);
  leave_ready(m, *found.slot);
}

void on_leftovers_gone(Machine& m, const LeftoversGone& event) {
  const FoundProcess found = m.find(event.process);
  if (!found || !found.process->exit) return;
  const ExitStatus status = *found.process->exit;
  end_process(m, found, status, {});
}

void on_spawn_failed(Machine& m, const SpawnFailed& event) {
  const FoundProcess found = m.find(event.process);
  if (!found || found.process->phase != Phase::Spawning) return;
  std::string error = event.step;
  if (event.os_error != 0) error += ": " + std::generic_category().message(event.os_error);
  found.slot->last_error = error;
  found.slot->not_ready_error = false;
  end_process(m, found, std::nullopt, std::move(error));
}

}  // namespace holdfast::supervisor::core
