// SPDX-License-Identifier: Apache-2.0
#pragma once

// The records that the state machine moves: a process, its slot, its program. Data only; the rules
// are in slots.hpp, rolling.hpp, shutdown.hpp and their neighbours. Private to supervisor/core.

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
  Spawning,  // asked for; neither Spawned nor SpawnFailed has come
  Starting,  // runs, is not ready yet (a oneshot stays here)
  Ready,
  Stopping,  // told to stop, or said that it stops
};

enum class StopReason {
  None,
  Planned,       // a person, a roll, a reload or a shutdown wanted it: never counts as a failure
  ReadyTimeout,  // a failure
  Hung,          // a failure
  OwnWill,       // it sent STOPPING=1 unasked: its end counts like any unplanned end
};

// One incarnation, from the request to spawn it to its end.
struct Process {
  std::uint64_t incarnation = 0;
  std::int64_t pid = 0;
  Phase phase = Phase::Spawning;
  StopReason reason = StopReason::None;  // set while Spawning: to be stopped once it is there
  bool ready_early = false;              // READY=1 overtook Spawned
  bool was_ready = false;
  bool killed = false;   // SIGKILL was sent
  bool suspect = false;  // its predecessor never became ready
  Duration watchdog{};   // as it was told at its start; zero: it was told of none
  MonoTime spawned_at{};
  MonoTime ready_at{};
  MonoTime pinged_at{};
  MonoTime stop_at{};
  Duration stop_budget{};
  std::string status;
};

// What a slot adds to the sums of its program and of the fleet; kept so that only the difference
// needs to be applied when it changes.
struct Share {
  std::uint32_t serving = 0;    // 1 if one of its processes is ready
  std::uint32_t done = 0;       // 1 if it is a oneshot that succeeded
  std::uint32_t wanted = 0;     // 1 if it should run
  std::uint32_t processes = 0;  // asked for or alive
  std::uint32_t starting = 0;   // of these, how many hold a place of max_starting
  std::uint32_t suspects = 0;   // of these, how many are suspect
};

enum class Desired { Run, Stop };

struct Slot {
  SlotId id;
  Desired desired = Desired::Run;
  bool removing = false;    // goes when its last process has gone
  bool want_start = false;  // wants a process as soon as nothing is in the way
  bool want_surge = false;  // wants a second process beside the ready one
  SlotState state = SlotState::Stopped;
  MonoTime since{};
  std::optional<Process> current;
  std::optional<Process> retiring;  // beside `current`: on its way out, or kept until that is ready
  std::uint64_t last_incarnation = 0;
  RestartMemory memory;
  bool suspect = false;                // its last process ended without having been ready
  bool unplanned = false;              // the next start makes up for an unplanned end
  std::uint64_t done_incarnation = 0;  // of a oneshot's latest success
  std::uint64_t restarts = 0;
  std::uint64_t starts = 0;
  std::optional<ExitStatus> last_exit;
  std::string last_error;
  std::string predecessor;
  std::optional<MonoTime> retry_at;
  Share share;
  std::uint64_t ticket = 0;  // of its entry in the start queue; 0: none
  bool dirty = false;
};

// A rolling restart, one slot after the other.
struct Roll {
  enum class Step {
    Begin,     // look at the slot and choose
    Surging,   // a new process is to become ready beside the old one
    Plain,     // nothing served in the slot: a new process is to become ready in it
    Draining,  // the new one serves, the old one is stopping
  };
  std::deque<std::uint32_t> todo;
  std::optional<std::uint32_t> slot;
  Step step = Step::Begin;
  std::uint64_t base = 0;  // incarnations above this one are new
  std::uint32_t rolled = 0;
  MonoTime began{};
  std::vector<std::uint64_t> requests;
  bool from_reload = false;
  std::optional<config::Program> revert;  // what to go back to if a reload's roll fails
  std::string failure;                    // why it must be given up
};

// The last incarnation of each slot that was removed: a number is never used twice.
using Past = std::map<std::uint32_t, std::uint64_t>;

struct Program {
  std::uint32_t id = 0;
  config::Program config;
  std::shared_ptr<const config::Program> shown;  // a copy of it for readers: see set_config()
  Desired desired = Desired::Run;                // of the slots that are added
  std::uint32_t wanted = 0;
  std::map<std::uint32_t, Slot> slots;
  Past past;
  std::vector<std::uint32_t> after;  // ids
  std::vector<std::uint32_t> dependants;
  std::uint32_t waits_for = 0;  // a removed program of the same name whose processes still stop
  bool released = false;        // its dependencies were ready once; from then on it starts freely
  bool satisfied = false;
  bool removing = false;
  bool told = false;  // removing or shutdown: its processes were told to stop
  bool gone = false;  // shutdown: no process left, nor in any program that depends on it
  std::uint32_t live_dependants = 0;  // shutdown: those not gone
  Share sum;
  std::optional<Roll> roll;
  std::optional<MonoTime> hopeless_since;
  bool hopeless_due = false;  // hopeless_after has passed and nothing was said yet
  bool dirty = false;

  void set_config(config::Program to) {
    config = std::move(to);
    shown = std::make_shared<const config::Program>(config);
  }
};

}  // namespace holdfast::supervisor::core
