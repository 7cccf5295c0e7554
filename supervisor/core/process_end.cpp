// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/processes.hpp"
#include "supervisor/core/rolling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>

namespace holdfast::supervisor::core {

namespace {

struct End {
  Process process;
  bool was_current = false;
  std::optional<ExitStatus> status;  // none: it was never there
  std::string error;                 // of the spawn
};

// "api-worker.0 (incarnation 3) died: signal 11 (SIGSEGV) after 12s"
std::string sentence(const Machine& m, const Program& program, const Slot& slot, const End& end) {
  const std::string name = name_of(program, slot.id.slot, end.process.incarnation);
  if (!end.status) return fmt::format("{} could not be started: {}", name, end.error);
  const bool clean = !end.status->signaled && end.status->value == 0;
  const char* verb = "died";
  if (end.process.reason == StopReason::Planned) {
    verb = "stopped";
  } else if (end.process.reason == StopReason::ReadyTimeout) {
    verb = "ended, never having been ready";
  } else if (end.process.reason == StopReason::Hung) {
    verb = "died, having hung";
  } else if (clean) {
    verb = "exited unexpectedly";
  }
  return fmt::format("{} {}: {} after {}", name, verb, describe(*end.status),
                     show(m.now - end.process.spawned_at));
}

Kind kind_of(const End& end) {
  if (end.process.reason == StopReason::Planned) return Kind::Stopped;
  if (!end.status) return Kind::SpawnFailed;
  if (end.process.reason == StopReason::ReadyTimeout) return Kind::Backoff;
  const bool clean = !end.status->signaled && end.status->value == 0;
  if (clean && end.process.reason != StopReason::Hung) return Kind::ExitedUnexpectedly;
  return Kind::Crashed;
}

void tell(Machine& m, const Program& program, const Slot& slot, const End& end, Kind kind,
          std::string_view next) {
  m.report(kind, &program, process_id(slot, end.process),
           sentence(m, program, slot, end) + std::string(next));
}

void tell_slow_stop(Machine& m, const Program& program, const Slot& slot, const End& end) {
  const Process& process = end.process;
  if (process.phase != Phase::Stopping || process.killed) return;
  const Duration took = m.now - process.stop_at;
  if (took <= process.stop_budget * 8 / 10) return;
  m.report(Kind::SlowStop, &program, process_id(slot, process),
           fmt::format("{} took {} of the {} it had to stop",
                       name_of(program, slot.id.slot, process.incarnation), show(took),
                       show(process.stop_budget)));
}

void wait_for_retry(Machine& m, Slot& slot, SlotState state, Duration delay) {
  slot.retry_at = m.now + delay;
  m.deadlines.set({DeadlineKind::Retry, {slot.id, 0}}, *slot.retry_at);
  m.set_state(slot, state);
}

void finish_oneshot(Machine& m, Program& program, Slot& slot, const End& end) {
  slot.done_incarnation = end.process.incarnation;
  if (slot.memory.announced_at) {
    m.report(Kind::CrashLoopEnded, &program, process_id(slot, end.process),
             fmt::format("{} has left its crash loop", name_of(program, slot.id.slot)));
  }
  slot.memory = {};
  m.set_state(slot, SlotState::Done);
  m.report(
      Kind::OneshotDone, &program, process_id(slot, end.process),
      fmt::format("{} is done after {}", name_of(program, slot.id.slot, end.process.incarnation),
                  show(m.now - end.process.spawned_at)));
}

void tell_crash_loop(Machine& m, const Program& program, const Slot& slot, const End& end,
                     Duration pause) {
  const std::size_t count = std::max<std::size_t>(slot.memory.in_a_row, slot.memory.recent.size());
  m.report(Kind::CrashLoop, &program, process_id(slot, end.process),
           fmt::format("{} is in a crash loop: {} unplanned ends, the last: {}; trying each {}",
                       name_of(program, slot.id.slot), count,
                       end.status ? describe(*end.status) : end.error, show(pause)));
}

void apply(Machine& m, Program& program, Slot& slot, const End& end, const Decision& decision) {
  const Kind kind = kind_of(end);
  switch (decision.verdict) {
    case Verdict::Done: finish_oneshot(m, program, slot, end); return;
    case Verdict::Leave:
      tell(m, program, slot, end, Kind::Stopped, "; its restart policy leaves it stopped");
      m.set_state(slot, SlotState::Stopped);
      return;
    case Verdict::Fail: {
      const bool configuration =
          end.status && !end.status->signaled && end.status->value == kExitConfiguration;
      tell(m, program, slot, end, configuration ? Kind::Failed : kind,
           configuration ? "; its configuration is wrong, so it is not restarted"
                         : "; its restart policy leaves it failed");
      m.set_state(slot, SlotState::Failed);
      return;
    }
    case Verdict::Restart:
      tell(m, program, slot, end, kind, "; restarting at once");
      slot.want_start = true;
      m.set_state(slot, SlotState::Backoff);
      break;
    case Verdict::Backoff:
      tell(m, program, slot, end, kind, fmt::format("; next start in {}", show(decision.delay)));
      wait_for_retry(m, slot, SlotState::Backoff, decision.delay);
      break;
    case Verdict::CrashLoop:
      tell(m, program, slot, end, kind, fmt::format("; next try in {}", show(decision.delay)));
      wait_for_retry(m, slot, SlotState::CrashLoop, decision.delay);
      if (decision.entered_crash_loop) tell_crash_loop(m, program, slot, end, decision.delay);
      break;
  }
  slot.unplanned = true;
}

void end_retiring(Machine& m, Program& program, Slot& slot, const End& end) {
  if (end.process.reason == StopReason::Planned) {
    tell(m, program, slot, end, Kind::Stopped, "");
    tell_slow_stop(m, program, slot, end);
  } else if (slot.current) {
    tell(m, program, slot, end, kind_of(end),
         fmt::format("; incarnation {} goes on", slot.current->incarnation));
  } else {
    tell(m, program, slot, end, kind_of(end), "");
  }
  if (!slot.current && slot.state == SlotState::Stopping) m.set_state(slot, SlotState::Stopped);
}

// The new process of a surge ended while the old one still serves.
bool fall_back(Machine& m, Program& program, Slot& slot, const End& end) {
  if (end.process.reason == StopReason::Planned) return false;
  if (!slot.retiring || slot.retiring->phase != Phase::Ready) return false;
  slot.current = std::move(slot.retiring);
  slot.retiring.reset();
  tell(m, program, slot, end, kind_of(end),
       fmt::format("; incarnation {} goes on", slot.current->incarnation));
  m.set_state(slot, SlotState::Ready);
  return true;
}

void end_current(Machine& m, Program& program, Slot& slot, const End& end) {
  const bool planned = end.process.reason == StopReason::Planned;
  slot.suspect = !end.process.was_ready;
  if (planned) {
    slot.predecessor.clear();
  } else if (end.status) {
    slot.predecessor = describe(*end.status);
  }
  const bool clean = end.status && !end.status->signaled && end.status->value == 0;
  const bool success = clean && !planned && program.config.type == config::ProgramType::Oneshot;
  if (!planned && !success) {
    fail_roll(m, program, slot, end.process.incarnation, sentence(m, program, slot, end));
  }
  if (fall_back(m, program, slot, end)) return;
  const bool wanted =
      slot.desired == Desired::Run && !slot.removing && !program.removing && !m.shutdown;
  if (!planned && wanted) {
    Ending ending;
    ending.status = end.status;
    ending.by_us =
        end.process.reason == StopReason::ReadyTimeout || end.process.reason == StopReason::Hung;
    if (end.process.was_ready) ending.ready_for = m.now - end.process.ready_at;
    apply(m, program, slot, end, decide(program.config, slot.memory, ending, m.now, m.random));
    return;
  }
  if (success) {
    finish_oneshot(m, program, slot, end);
    return;
  }
  tell(m, program, slot, end, kind_of(end),
       planned      ? ""
       : m.shutdown ? "; not restarted: shutting down"
                    : "; not restarted");
  tell_slow_stop(m, program, slot, end);
  m.set_state(slot, slot.retiring ? SlotState::Stopping : SlotState::Stopped);
}

void end_process(Machine& m, const Found& found, std::optional<ExitStatus> status,
                 std::string error) {
  Slot& slot = *found.slot;
  End end;
  end.was_current = slot.current && &*slot.current == found.process;
  end.status = status;
  end.error = std::move(error);
  auto& place = end.was_current ? slot.current : slot.retiring;
  end.process = std::move(*place);
  place.reset();
  const ProcessId id = process_id(slot, end.process);
  for (const DeadlineKind kind : {DeadlineKind::Ready, DeadlineKind::Watchdog, DeadlineKind::Kill,
                                  DeadlineKind::Unkillable, DeadlineKind::Settle}) {
    m.deadlines.cancel({kind, id});
  }
  m.touch(slot);
  if (end.was_current) {
    end_current(m, *found.program, slot, end);
  } else {
    end_retiring(m, *found.program, slot, end);
  }
}

}  // namespace

void on_exited(Machine& m, const Exited& event) {
  const Found found = find_process(m, event.process);
  if (!found) return;
  found.slot->last_exit = event.status;
  end_process(m, found, event.status, {});
}

void on_spawn_failed(Machine& m, const SpawnFailed& event) {
  const Found found = find_process(m, event.process);
  if (!found || found.process->phase != Phase::Spawning) return;
  std::string error = event.step;
  if (event.os_error != 0) error += ": " + std::generic_category().message(event.os_error);
  found.slot->last_error = error;
  end_process(m, found, std::nullopt, std::move(error));
}

}  // namespace holdfast::supervisor::core
