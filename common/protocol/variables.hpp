// SPDX-License-Identifier: Apache-2.0
#pragma once

// The environment variables that Holdfast gives a meaning to, and who sets each of them in a
// worker's environment. The variables that override a key of the configuration file (PORT,
// LOG_LEVEL, …) are listed in common/config/environment.cpp.
//
// Threads: constants and pure functions.

#include <algorithm>
#include <array>
#include <string_view>

namespace holdfast::protocol {

// sd_notify(3) and sd_watchdog_enabled(3).
inline constexpr char kNotifySocket[] = "NOTIFY_SOCKET";
inline constexpr char kWatchdogUsec[] = "WATCHDOG_USEC";
inline constexpr char kWatchdogPid[] = "WATCHDOG_PID";

// sd_listen_fds_with_names(3).
inline constexpr char kListenFds[] = "LISTEN_FDS";
inline constexpr char kListenPid[] = "LISTEN_PID";
inline constexpr char kListenFdNames[] = "LISTEN_FDNAMES";

// What systemd tells a service about itself.
inline constexpr char kInvocationId[] = "INVOCATION_ID";
inline constexpr char kManagerPid[] = "MANAGERPID";
inline constexpr char kJournalStream[] = "JOURNAL_STREAM";

// Who a worker is, and where it finds the rest of the stack.
inline constexpr char kWorker[] = "HOLDFAST_WORKER";            // "api-worker.0"
inline constexpr char kSlot[] = "HOLDFAST_SLOT";                // "0"
inline constexpr char kIncarnation[] = "HOLDFAST_INCARNATION";  // counted from 1
inline constexpr char kPredecessor[] = "HOLDFAST_PREDECESSOR";  // how it died: "signal 9 (SIGKILL)"
inline constexpr char kInstance[] = "HOLDFAST_INSTANCE";  // of the supervisor; see guardian.hpp
inline constexpr char kStatusSocket[] = "HOLDFAST_STATUS_SOCKET";  // RUNTIME_DIR/status.sock
inline constexpr char kConfig[] = "HOLDFAST_CONFIG";               // the configuration file

// What a user tells Holdfast's programs.
inline constexpr char kEnvironment[] = "HOLDFAST_ENV";
inline constexpr char kStateDir[] = "HOLDFAST_STATE_DIR";
inline constexpr char kRuntimeDir[] = "HOLDFAST_RUNTIME_DIR";
inline constexpr char kStopGrace[] = "HOLDFAST_STOP_GRACE";

enum class SetBy {
  Supervisor,      // for each worker. What the supervisor itself was started with is not passed on.
  ServiceManager,  // systemd, about the supervisor: not passed on
  User,            // passed on as it is
  Either,          // the user for the supervisor, and the supervisor for its workers
};

struct Variable {
  std::string_view name;
  SetBy set_by;
};

inline constexpr std::array kVariables{
    Variable{kNotifySocket, SetBy::Supervisor},
    Variable{kWatchdogUsec, SetBy::Supervisor},
    Variable{kWatchdogPid, SetBy::Supervisor},
    Variable{kListenFds, SetBy::Supervisor},
    Variable{kListenPid, SetBy::Supervisor},
    Variable{kListenFdNames, SetBy::Supervisor},
    Variable{kWorker, SetBy::Supervisor},
    Variable{kSlot, SetBy::Supervisor},
    Variable{kIncarnation, SetBy::Supervisor},
    Variable{kPredecessor, SetBy::Supervisor},
    Variable{kInstance, SetBy::Supervisor},
    Variable{kStatusSocket, SetBy::Supervisor},
    Variable{kConfig, SetBy::Either},
    Variable{kInvocationId, SetBy::ServiceManager},
    Variable{kManagerPid, SetBy::ServiceManager},
    Variable{kJournalStream, SetBy::ServiceManager},
    Variable{kEnvironment, SetBy::User},
    Variable{kStateDir, SetBy::User},
    Variable{kRuntimeDir, SetBy::User},
    Variable{kStopGrace, SetBy::User},
};

// The supervisor decides what a worker finds there: neither a program's `environment` nor its
// `env_file` may set it.
constexpr bool is_reserved(const Variable& variable) {
  return variable.set_by == SetBy::Supervisor || variable.set_by == SetBy::Either;
}
constexpr bool is_reserved(std::string_view name) {
  return std::any_of(kVariables.begin(), kVariables.end(), [&](const Variable& variable) {
    return variable.name == name && is_reserved(variable);
  });
}

// Whether workers inherit it from the supervisor's own environment.
constexpr bool is_inherited(const Variable& variable) {
  return variable.set_by == SetBy::User;
}
// The same for any name: what has no meaning here is inherited.
constexpr bool is_inherited(std::string_view name) {
  return std::all_of(kVariables.begin(), kVariables.end(), [&](const Variable& variable) {
    return variable.name != name || is_inherited(variable);
  });
}

}  // namespace holdfast::protocol
