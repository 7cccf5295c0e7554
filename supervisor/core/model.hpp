// SPDX-License-Identifier: Apache-2.0
#pragma once

// The records of the state machine: a process, its slot, its program. Data only; the rules are in
// process_*.hpp, start_queue.hpp, programs.hpp, rolling.hpp and shutdown.hpp. Private to
// supervisor/core.

#include "supervisor/core/restart_policy.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::core {

enum class Phase {
  Spawning,  // requested; neither Spawned nor SpawnFailed has arrived
  Starting,  // runs and is not ready yet (a oneshot stays here)
  Ready,
  Stopping,  // asked to stop, or announced its stop
};

enum class StopReason {
  None,
  Planned,       // for a command, a roll, a reload or a shutdown: never a failure
  ReadyTimeout,  // a failure
  Hung,          // a failure
  OwnAccord,     // it sent STOPPING=1 unasked: its exit counts like any unplanned exit
};

// One incarnation, from the request to spawn it until it has exited.
struct Process {
  std::uint64_t incarnation = 0;
  std::int64_t pid = 0;
  Phase phase = Phase::Spawning;
  StopReason reason = StopReason::None;  // set while Spawning: to be stopped once it is spawned
  bool ready_early = false;              // READY=1 arrived before Spawned
  bool was_ready = false;
  bool killed = false;   // SIGKILL was sent
  bool suspect = false;  // its predecessor never became ready
  Duration watchdog{};   // as given to it at its start; zero: none was given
  MonoTime spawned_at{};
  MonoTime ready_at{};
  MonoTime pinged_at{};
  MonoTime stop_at{};
  std::optional<ExitStatus> exit;  // it has exited, and the rest of its processes is waited for
  MonoTime exited_at{};
  std::uint32_t left = 0;  // how many these were
  Duration stop_budget{};
  std::string status;
};

// What one slot contributes to the totals of its program and of the fleet. A slot keeps its own, so
// that only the difference is applied when it changes.
struct Tally {
  std::uint32_t serving = 0;    // 1 if one of its processes is ready
  std::uint32_t done = 0;       // 1 if it is a oneshot that succeeded
  std::uint32_t wanted = 0;     // 1 if it should run
  std::uint32_t processes = 0;  // requested or alive
  std::uint32_t starting = 0;   // of these, those that count toward max_starting
  std::uint32_t suspects = 0;   // of those, the suspects
};

enum class Desired { Run, Stop };

struct Slot {
  SlotId id;
  Desired desired = Desired::Run;
  bool removing = false;    // erased when its last process has exited
  bool want_start = false;  // wants a process as soon as one may start
  bool want_surge = false;  // wants a second process beside the ready one
  SlotState state = SlotState::Stopped;
  MonoTime since{};
  std::optional<Process> current;
  std::optional<Process> retiring;  // beside `current`: stopping, or kept until that is ready
  std::uint64_t last_incarnation = 0;
  RestartMemory memory;
  bool suspect = false;                // its last process was never ready
  bool unplanned = false;              // the next start follows an unplanned exit
  std::uint64_t done_incarnation = 0;  // of a oneshot's latest success
  std::uint64_t restarts = 0;
  std::uint64_t starts = 0;
  std::optional<ExitStatus> last_exit;
  std::string last_error;
  std::string predecessor;
  std::optional<MonoTime> retry_at;
  Tally tally;
  std::uint64_t ticket = 0;  // of its entry in the start queue; 0: not queued
  bool dirty = false;
};

// A rolling restart, one slot after the other.
struct Roll {
  enum class Step {
    Begin,     // look at the slot and choose how to replace its process
    Surging,   // wait for a new process to become ready beside the old one
    Plain,     // nothing served in the slot: wait for a new process to become ready
    Draining,  // the new one serves: wait for the old one to exit
  };
  std::deque<std::uint32_t> pending;
  std::optional<std::uint32_t> slot;
  Step step = Step::Begin;
  std::uint64_t base = 0;  // incarnations above this one are new
  std::uint32_t rolled = 0;
  MonoTime began{};
  std::vector<std::uint64_t> requests;
  bool from_reload = false;
  std::optional<config::Program> revert;  // what to go back to if a reload's roll fails
  std::string failure;                    // not empty: why the roll must be aborted
};

// By slot number, the last incarnation of slots that were removed: a number is never used twice.
using LastIncarnations = std::map<std::uint32_t, std::uint64_t>;

struct Program {
  std::uint32_t id = 0;
  config::Program config;
  std::shared_ptr<const config::Program> shown;  // a copy of it for readers: see set_config()
  Desired desired = Desired::Run;                // of slots that are added
  std::uint32_t wanted = 0;
  std::map<std::uint32_t, Slot> slots;
  LastIncarnations past_incarnations;
  std::vector<std::uint32_t> after;  // ids
  std::vector<std::uint32_t> dependants;
  std::uint32_t waits_for =
      0;  // id of a removed program of the same name that still has processes; 0: none
  bool released = false;  // all its dependencies were satisfied once; from then on it starts freely
  bool satisfied = false;
  bool removing = false;
  bool stop_requested = false;  // removal or shutdown: its processes were asked to stop
  bool gone = false;  // shutdown: neither it nor any program that depends on it has a process left
  std::uint32_t live_dependants = 0;  // shutdown: those that are not gone
  Tally totals;
  std::optional<Roll> roll;
  std::optional<MonoTime> hopeless_since;
  bool hopeless_due = false;  // hopeless_after has passed and was not reported yet
  bool dirty = false;

  void set_config(config::Program to) {
    config = std::move(to);
    shown = std::make_shared<const config::Program>(config);
  }
};

}  // namespace holdfast::supervisor::core
