// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/types.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace holdfast::supervisor::core {

std::string_view to_string(SlotState state) {
  switch (state) {
    case SlotState::Stopped: return "stopped";
    case SlotState::Scheduled: return "scheduled";
    case SlotState::Starting: return "starting";
    case SlotState::Ready: return "ready";
    case SlotState::Unhealthy: return "unhealthy";
    case SlotState::Stopping: return "stopping";
    case SlotState::Backoff: return "backoff";
    case SlotState::CrashLoop: return "crash_loop";
    case SlotState::Failed: return "failed";
    case SlotState::Done: return "done";
  }
  return "unknown";
}

std::string_view to_string(EventKind kind) {
  switch (kind) {
    case EventKind::Starting: return "starting";
    case EventKind::Ready: return "ready";
    case EventKind::Stopping: return "stopping";
    case EventKind::Stopped: return "stopped";
    case EventKind::Crashed: return "crashed";
    case EventKind::ExitedUnexpectedly: return "exited_unexpectedly";
    case EventKind::SpawnFailed: return "spawn_failed";
    case EventKind::Backoff: return "backoff";
    case EventKind::CrashLoop: return "crash_loop";
    case EventKind::CrashLoopEnded: return "crash_loop_ended";
    case EventKind::Failed: return "failed";
    case EventKind::OneshotDone: return "oneshot_done";
    case EventKind::ReadyTimeout: return "ready_timeout";
    case EventKind::Hung: return "hung";
    case EventKind::Unhealthy: return "unhealthy";
    case EventKind::ForcedKill: return "forced_kill";
    case EventKind::Leftovers: return "leftovers";
    case EventKind::SlowStop: return "slow_stop";
    case EventKind::RollingStarted: return "rolling_started";
    case EventKind::RollingDone: return "rolling_done";
    case EventKind::RollingAborted: return "rolling_aborted";
    case EventKind::RollingSuperseded: return "rolling_superseded";
    case EventKind::Scaled: return "scaled";
    case EventKind::ProgramAdded: return "program_added";
    case EventKind::ProgramRemoved: return "program_removed";
    case EventKind::ProgramChanged: return "program_changed";
    case EventKind::Signalled: return "signalled";
    case EventKind::RunSkipped: return "run_skipped";
    case EventKind::RunQueued: return "run_queued";
    case EventKind::RunsMissed: return "runs_missed";
    case EventKind::FilesChanged: return "files_changed";
    case EventKind::ShutdownBegan: return "shutdown_began";
    case EventKind::ShutdownStage: return "shutdown_stage";
    case EventKind::ShutdownForced: return "shutdown_forced";
    case EventKind::ShutdownDone: return "shutdown_done";
    case EventKind::Hopeless: return "hopeless";
    case EventKind::TimeoutExtended: return "timeout_extended";
    case EventKind::MemoryHigh: return "memory_high";
    case EventKind::MemoryMax: return "memory_max";
    case EventKind::LateLoop: return "late_loop";
  }
  return "unknown";
}

std::string describe(const ExitStatus& status) {
  if (!status.signaled) return fmt::format("exit {}", status.value);
  const char* name = sigabbrev_np(status.value);  // null for real-time signals
  const char* const by_kernel = status.out_of_memory ? ", killed by the kernel: out of memory" : "";
  if (name == nullptr) return fmt::format("signal {}{}", status.value, by_kernel);
  return fmt::format("signal {} (SIG{}){}", status.value, name, by_kernel);
}

}  // namespace holdfast::supervisor::core
