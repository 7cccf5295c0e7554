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
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor::core {

// What a process was made from. `differs`: the keys in which that differs from what the program's
// processes are made from now; empty: in none.
struct MadeFrom {
  std::shared_ptr<const config::Program> program;
  std::vector<std::string> differs;
};

enum class Phase {
  Spawning,  // requested; neither Spawned nor SpawnFailed has arrived
  Starting,  // runs and is not ready yet (a oneshot stays here)
  Ready,
  Stopping,  // asked to stop, or announced its stop
};

// The order in which starts get a place. See start_queue.hpp.
enum class StartRank { RequiredRestart, OptionalRestart, RequiredStart, OptionalStart, Suspect };
inline constexpr std::size_t kStartRanks = 5;

enum class StopReason {
  None,
  Planned,       // for a command, a roll, a reload or a shutdown: never a failure
  ReadyTimeout,  // a failure
  Hung,          // a failure
  Unhealthy,     // a failure
  OutOfMemory,   // above memory_max: a failure
  OwnAccord,     // it sent STOPPING=1 unasked: its exit counts like any unplanned exit
};

// Whether the process was ended because it had failed.
constexpr bool is_failure(StopReason reason) {
  return reason == StopReason::ReadyTimeout || reason == StopReason::Hung ||
         reason == StopReason::Unhealthy || reason == StopReason::OutOfMemory;
}

// One incarnation, from the request to spawn it until it has exited.
struct Process {
  std::uint64_t incarnation = 0;
  std::int64_t pid = 0;
  Phase phase = Phase::Spawning;
  StopReason reason = StopReason::None;  // set while Spawning: to be stopped once it is spawned
  bool ready_early = false;              // READY=1 arrived before Spawned
  bool was_ready = false;
  bool killed = false;       // SIGKILL was sent
  bool suspect = false;      // its predecessor never became ready
  bool restart = false;      // of a slot that had been ready, and serves no more
  Duration watchdog{};       // as given to it at its start; zero: none was given
  bool must_beat = false;    // watchdog_required at its start
  bool beats = false;        // it has sent a heartbeat
  bool notified = false;     // it has sent anything with sd_notify
  bool owed_reload = false;  // a reload has come while it was starting: see signalling.hpp
  MonoTime spawned_at{};
  MonoTime ready_at{};
  MonoTime pinged_at{};
  MonoTime stop_at{};
  std::optional<ExitStatus> exit;  // it has exited, and the rest of its processes is waited for
  MonoTime exited_at{};
  std::uint32_t left = 0;  // how many these were
  Duration stop_budget{};
  MonoTime extended_until{};        // TimeoutExtended, in the current phase
  bool extension_reported = false;  // in the current phase
  MadeFrom made_from;
  std::string status;
  std::string not_ready_because;
  bool checking = false;            // a health check is under way
  std::uint32_t health_misses = 0;  // checks that failed, in a row
  std::string unhealthy_because;    // of the last of these
  std::uint64_t memory_used = 0;    // when it was above memory_max
};

// An extension is granted for what the process is doing, not for what it does next.
inline void forget_extension(Process& process) {
  process.extended_until = {};
  process.extension_reported = false;
}

// What one slot contributes to the totals of its program and of the fleet. A slot keeps its own, so
// that only the difference is applied when it changes.
struct Tally {
  std::uint32_t serving = 0;    // 1 if one of its processes is ready
  std::uint32_t done = 0;       // 1 if it is a oneshot that succeeded
  std::uint32_t wanted = 0;     // 1 if it should run
  std::uint32_t processes = 0;  // requested or alive
  std::uint32_t starting = 0;   // of these, those that count toward max_starting
  std::uint32_t restarts = 0;   // of those, the restarts of what had been ready
  std::uint32_t suspects = 0;   // and the suspects
  std::uint32_t outdated = 0;   // 1 if what it runs, or has done, differs from the configuration
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
  bool had_been_ready = false;         // and no process has failed since before it was ready
  bool unplanned = false;              // the next start follows an unplanned exit
  std::uint64_t done_incarnation = 0;  // of a oneshot's latest success
  std::uint64_t restarts = 0;
  std::uint64_t starts = 0;
  MadeFrom done_with;  // what that success was made from
  // What its processes are made from until one of them is ready: its successor under stop-first
  // has failed. Else null.
  std::shared_ptr<const config::Program> restore;
  std::optional<ExitStatus> last_exit;
  std::string last_error;
  bool not_ready_error = false;  // `last_error` is about a process that runs or ran, not a spawn
  std::string last_failure;      // how its last process failed, as a sentence
  std::string predecessor;
  std::optional<MonoTime> retry_at;
  std::optional<MonoTime> memory_high_since;  // its process is above memory_high
  std::optional<MonoTime> replaced_at;        // for that, most recently
  Tally tally;
  std::uint64_t ticket = 0;                   // of its entry in the start queue; 0: not queued
  StartRank rank = StartRank::RequiredStart;  // of that entry
  bool dirty = false;
};

// A rolling restart, one slot after the other. A new process serves for min_ready_time before the
// roll goes on.
struct Roll {
  enum class Step {
    Begin,    // look at the slot and choose how to replace its process
    Surging,  // wait for a new process to become ready beside the old one
    Plain,  // nothing serves in the slot, or may any longer: wait for a new process to become ready
    Draining,   // the new one serves: wait for the old one to exit
    Restoring,  // the new one has failed: wait for what it had replaced to be ready again
  };
  std::deque<std::uint32_t> pending;
  std::optional<std::uint32_t> slot;
  Step step = Step::Begin;
  std::uint64_t base = 0;  // incarnations above this one are new
  std::uint32_t rolled = 0;
  MonoTime began{};
  std::vector<std::uint64_t> requests;
  bool from_reload = false;
  // Plain: what the process was made from that had served, and was stopped first.
  std::shared_ptr<const config::Program> former;
  std::string failure;  // not empty: why the roll must be aborted
  std::string reason;   // Restoring: why it will be
};

// Work on the slots of a program that somebody waits for. See waits.hpp.
struct Wait {
  enum class Until { Ready, Gone };
  struct Item {
    std::uint32_t slot = 0;
    Until until = Until::Ready;
    std::uint64_t base = 0;  // Ready: of an incarnation above it; Gone: all up to it
  };
  std::deque<Item> items;
  std::optional<std::uint64_t> request;  // none: the reload under way waits
  std::string success;                   // the Reply if all goes well
  std::string failure;                   // the first failure
};

// The runs of a program with a schedule. See schedule.hpp.
struct Runs {
  std::optional<MonoTime> at;  // the next one; none: not planned yet
  std::string due;             // the time that it is for
  std::string queued;          // that of a run that waits for the one under way; empty: none
  RunCounts counts;
  std::optional<LastRun> last;
};

// Changes of a program's files that it was not restarted for yet. See file_changes.hpp.
struct Changes {
  std::string first;            // the file that changed first
  std::set<std::string> files;  // up to a limit
  MonoTime began{};
  bool due = false;  // the files have settled; it waits for a roll to be over
};

// By slot number, the last incarnation of slots that were removed: a number is never used twice.
using LastIncarnations = std::map<std::uint32_t, std::uint64_t>;

struct Program {
  std::uint32_t id = 0;
  config::Program config;
  std::shared_ptr<const config::Program> shown;  // a copy of it for readers: see set_config()
  // What processes are made from while the program's turn in a reload has not come; else null.
  std::shared_ptr<const config::Program> former;
  bool owed = false;     // the last reload could not do all its work here: the next one tries again
  bool wakes = false;    // autostart was turned on: it starts when its turn in a reload comes
  bool rescale = false;  // the file's number of replicas has changed and was not applied yet
  bool scaled_since = false;       // by a command, since the reload that waits was asked for
  Desired desired = Desired::Run;  // of slots that are added
  std::uint32_t wanted = 0;
  std::map<std::uint32_t, Slot> slots;
  LastIncarnations past_incarnations;
  std::vector<std::uint32_t> after;  // ids
  std::vector<std::uint32_t> dependants;
  std::uint32_t waits_for =
      0;  // id of a removed program of the same name that still has processes; 0: none
  bool released = false;  // all its dependencies were satisfied once; from then on it starts freely
  bool satisfied = false;
  bool fit = false;  // satisfied, and if it is a oneshot, by a run of what is configured now
  bool removing = false;
  bool stop_requested = false;  // removal or shutdown: its processes were asked to stop
  bool gone = false;  // shutdown: neither it nor any program that depends on it has a process left
  std::uint32_t live_dependants = 0;  // shutdown: those that are not gone
  Tally totals;
  std::optional<Roll> roll;
  std::vector<Wait> waits;
  Runs runs;
  std::optional<Changes> changes;
  std::optional<ChangeRestarts> changed;
  std::deque<MonoTime> changed_before;  // restarts for the same file in a row
  std::optional<MonoTime> hopeless_since;
  bool hopeless_due = false;  // hopeless_after has passed and was not reported yet
  bool dirty = false;

  void set_config(config::Program to) {
    config = std::move(to);
    shown = std::make_shared<const config::Program>(config);
  }
};

}  // namespace holdfast::supervisor::core
