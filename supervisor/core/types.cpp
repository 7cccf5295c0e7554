// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/types.hpp"

#include <fmt/format.h>

#include <csignal>
#include <cstring>

namespace holdfast::supervisor::core {

std::string_view to_string(SlotState state) {
  switch (state) {
    case SlotState::Stopped: return "stopped";
    case SlotState::Starting: return "starting";
    case SlotState::Ready: return "ready";
    case SlotState::Stopping: return "stopping";
    case SlotState::Backoff: return "backoff";
    case SlotState::CrashLoop: return "crash_loop";
    case SlotState::Failed: return "failed";
    case SlotState::Done: return "done";
  }
  return "unknown";
}

std::string_view to_string(Kind kind) {
  switch (kind) {
    case Kind::Starting: return "starting";
    case Kind::Ready: return "ready";
    case Kind::Stopping: return "stopping";
    case Kind::Stopped: return "stopped";
    case Kind::Crashed: return "crashed";
    case Kind::ExitedUnexpectedly: return "exited_unexpectedly";
    case Kind::SpawnFailed: return "spawn_failed";
    case Kind::Backoff: return "backoff";
    case Kind::CrashLoop: return "crash_loop";
    case Kind::CrashLoopEnded: return "crash_loop_ended";
    case Kind::Failed: return "failed";
    case Kind::OneshotDone: return "oneshot_done";
    case Kind::ReadyTimeout: return "ready_timeout";
    case Kind::Hung: return "hung";
    case Kind::ForcedKill: return "forced_kill";
    case Kind::SlowStop: return "slow_stop";
    case Kind::RollingStarted: return "rolling_started";
    case Kind::RollingDone: return "rolling_done";
    case Kind::RollingAborted: return "rolling_aborted";
    case Kind::Scaled: return "scaled";
    case Kind::ProgramAdded: return "program_added";
    case Kind::ProgramRemoved: return "program_removed";
    case Kind::ProgramChanged: return "program_changed";
    case Kind::ShutdownBegan: return "shutdown_began";
    case Kind::ShutdownStage: return "shutdown_stage";
    case Kind::ShutdownForced: return "shutdown_forced";
    case Kind::ShutdownDone: return "shutdown_done";
    case Kind::Hopeless: return "hopeless";
    case Kind::LateLoop: return "late_loop";
  }
  return "unknown";
}

std::string describe(const ExitStatus& status) {
  if (!status.signaled) return fmt::format("exit {}", status.value);
  const char* name = sigabbrev_np(status.value);  // null for real-time signals
  if (name == nullptr) return fmt::format("signal {}", status.value);
  return fmt::format("signal {} (SIG{})", status.value, name);
}

}  // namespace holdfast::supervisor::core
