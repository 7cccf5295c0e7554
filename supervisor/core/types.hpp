// SPDX-License-Identifier: Apache-2.0
#pragma once

// The vocabulary of the core: identities, what happens (events), what is to be done (actions).
// Plain values: no I/O, no clock, no Boost. The state machine itself is in fleet.hpp.

#include "common/base/clock.hpp"
#include "common/config/config.hpp"

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::supervisor::core {

// A place for one process of a program. The core assigns `program` when a program is added and
// never reuses it, so an identity is never ambiguous; a pid can be.
struct SlotId {
  std::uint32_t program = 0;
  std::uint32_t slot = 0;
  auto operator<=>(const SlotId&) const = default;
};

struct ProcessId {
  SlotId slot;
  std::uint64_t incarnation = 0;  // counts from 1 in each slot
  auto operator<=>(const ProcessId&) const = default;
};

// Unhealthy: its process is being ended because its health checks failed.
enum class SlotState {
  Stopped,
  Scheduled,
  Starting,
  Ready,
  Unhealthy,
  Stopping,
  Backoff,
  CrashLoop,
  Failed,
  Done
};
std::string_view to_string(SlotState state);  // "stopped", "starting", …

struct ExitStatus {
  bool signaled = false;
  int value = 0;  // exit code, or signal number
  bool core_dumped = false;
  bool out_of_memory = false;  // the kernel killed it for that
  bool operator==(const ExitStatus&) const = default;
};
std::string describe(const ExitStatus& status);  // "exit 1", "signal 9 (SIGKILL)"

// The runs of a program with a schedule, since it was configured.
struct RunCounts {
  std::uint64_t succeeded = 0;
  std::uint64_t failed = 0;   // each try
  std::uint64_t skipped = 0;  // the one before was still going
  std::uint64_t missed = 0;   // nothing could run: the machine slept, or its clock was set
  bool operator==(const RunCounts&) const = default;
};
// The last run that has ended.
struct LastRun {
  MonoTime started_at;
  Duration took{};
  bool ok = false;
};

// The restarts of a program because its files have changed, since it was configured.
struct ChangeRestarts {
  std::uint64_t count = 0;
  std::string file;  // that changed before the last one
  MonoTime at;       // of the last one
};

// ---- events -------------------------------------------------------------------------------------

struct Spawned {
  ProcessId process;
  std::int64_t pid = 0;
};
struct SpawnFailed {
  ProcessId process;
  std::string step;  // "fork", "exec", "setuid", …
  int os_error = 0;
};
// Scraped and Probed: the program has answered a scrape or a health probe, whatever it said.
enum class Notice { Ready, Watchdog, WatchdogTrigger, Stopping, Scraped, Probed };
struct Notified {
  ProcessId process;
  Notice notice = Notice::Ready;
};
struct StatusText {
  ProcessId process;
  std::string text;
};
// EXTEND_TIMEOUT_USEC: it needs more time for what it is doing, at least `by` from now.
struct TimeoutExtended {
  ProcessId process;
  Duration by{};
};
// What stands between a process and being ready, as far as the shell knows: the last answer to a
// probe, READY=1 from a child that does not count.
struct NotReadyBecause {
  ProcessId process;
  std::string reason;
};
// A CheckHealth is over.
struct HealthChecked {
  enum class Outcome {
    Well,
    Unwell,   // no answer, or not the expected one
    Unknown,  // whether the answer came from this process could not be told
  };
  ProcessId process;
  Outcome outcome = Outcome::Well;
  std::string reason;  // unless Well
};
struct Exited {
  ProcessId process;
  ExitStatus status;
  std::uint32_t left = 0;  // processes of the worker that are still there: see Signal::group
};
// All processes of a worker together, as memory_measure says.
struct MemoryUsed {
  ProcessId process;
  std::uint64_t bytes = 0;
};
// All that Exited had left is gone.
struct LeftoversGone {
  ProcessId process;
};
// When a program with a schedule runs next: the answer to PlanRun, and a correction of it when the
// clocks of the machine have been set.
struct RunPlanned {
  std::string program;
  MonoTime at;
  std::string due;  // the time that the run is for, for people: "2026-11-29T03:00:00+01:00"
};
// Times at which it was due, and nothing could run.
struct RunsMissed {
  std::string program;
  std::uint64_t count = 0;
  std::string due;  // the last of them
};
// Files that the program watches have changed. Many of these make one restart: file_changes.hpp.
struct FilesChanged {
  std::string program;
  std::string file;  // one of them, for people
};
struct Tick {};             // the armed timer has expired; harmless at any other time
struct ShutdownRequested {  // SIGTERM, SIGINT or SIGQUIT; one a second later makes it fast
  int signal = 15;
};

enum class CommandKind { Start, Stop, Restart, Scale, Signal };
struct Command {
  std::uint64_t request = 0;  // echoed in Reply
  CommandKind kind = CommandKind::Restart;
  // What it is about (selection.hpp): "api-worker" is the program, rolling for Restart,
  // "api-worker.0" one slot of it.
  std::vector<std::string> targets;
  std::uint32_t count = 0;  // Scale
  int signal = 0;           // Signal
};
// New programs and supervisor settings, already validated. The core diffs by program name.
struct Reload {
  std::uint64_t request = 0;
  config::Supervisor supervisor;
  std::vector<config::Program> programs;
  std::vector<std::string> other_changes{};  // for the answer: config::live_changes()
};

using Event =
    std::variant<Spawned, SpawnFailed, Notified, StatusText, TimeoutExtended, NotReadyBecause,
                 HealthChecked, MemoryUsed, Exited, LeftoversGone, RunPlanned, RunsMissed,
                 FilesChanged, Tick, ShutdownRequested, Command, Reload>;

// ---- actions ------------------------------------------------------------------------------------

struct Spawn {
  ProcessId process;
  std::string predecessor;  // how the last incarnation exited; empty: planned, or there was none
  std::shared_ptr<const config::Program> program;  // what to make it from
};
struct Signal {
  ProcessId process;
  int signal = 15;
  // To all of the worker's processes, else to the process alone: to its group, or, once it has
  // exited, to what is left of the group and of its descendants.
  bool group = true;
  // The request to stop one that was serving: its metrics are to be scraped once more before, which
  // may delay the signal by a fraction of a second.
  bool scrape_first = false;
};
// Ask it once whether it is well; HealthChecked follows, unless the process ends first. At most one
// is under way for a process.
struct CheckHealth {
  ProcessId process;
  std::shared_ptr<const config::Program> program;  // with the question and its time-out
};
struct ArmTimer {  // replaces the timer armed before; the shell sends Tick at or after `at`
  MonoTime at;
};
// Asks for RunPlanned: for a program that is new or has new times, and when the time that was
// planned last has come.
struct PlanRun {
  std::string program;
  bool due = false;  // it has come
};
// What a Report is about, and the `kind` of its entry in the event log.
enum class EventKind {
  Starting,
  Ready,
  Stopping,
  Stopped,
  Crashed,
  ExitedUnexpectedly,
  SpawnFailed,
  Backoff,
  CrashLoop,
  CrashLoopEnded,
  Failed,
  OneshotDone,
  ReadyTimeout,
  Hung,
  Unhealthy,
  ForcedKill,
  Leftovers,
  SlowStop,
  RollingStarted,
  RollingDone,
  RollingAborted,
  RollingSuperseded,
  Scaled,
  ProgramAdded,
  ProgramRemoved,
  ProgramChanged,
  Signalled,
  RunSkipped,
  RunQueued,
  RunsMissed,
  FilesChanged,
  ShutdownBegan,
  ShutdownStage,
  ShutdownForced,
  ShutdownDone,
  Hopeless,
  TimeoutExtended,
  MemoryHigh,
  MemoryMax,
  LateLoop
};
std::string_view to_string(EventKind kind);  // "crash_loop", "ready_timeout", …
// Something worth knowing: becomes a log line and an entry of the event log.
struct Report {
  EventKind kind = EventKind::Starting;
  ProcessId process;    // incarnation 0: about the slot; program 0 too: about the fleet
  std::string program;  // empty: about the fleet
  std::string message;
  std::string next_try = {};  // of an exit: "at once", "in 8s", "not again: exit code 78"
};
// A request was accepted and its work has begun; the Reply follows when that is done. What is
// refused, or has nothing to do, gets its Reply alone.
struct Accepted {
  std::uint64_t request = 0;
  std::string message;
};
// The outcome of a request, when its work is done.
struct Reply {
  std::uint64_t request = 0;
  bool ok = true;
  std::string message;
};
// Shutdown has begun: /ready answers 503, STOPPING=1 goes to the service manager.
struct BeginDrain {};
// No process is left, or none is waited for any longer: flush and exit.
struct Finish {
  int exit_code = 0;
};

using Action = std::variant<Spawn, Signal, CheckHealth, ArmTimer, PlanRun, Report, Accepted, Reply,
                            BeginDrain, Finish>;
using Actions = std::vector<Action>;

}  // namespace holdfast::supervisor::core
