// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fleet: the state of everything supervised, and the one function that moves it on:
// step(event, now) -> actions. Pure: no clock, no I/O, no threads. The shell turns the world into
// events and actions into system calls; the same events in the same order with the same seed give
// the same actions.
//
// Threads: one owner. Cost: O(log n) for what an event touches; view() and reload O(n).
// Times: monotonic, from the shell; `now` never goes backward (it is clamped if it does).
//
// WHO IS WHO
// A program has slots 0 … replicas-1. A slot has at most one process, and at most two while it is
// rolled: `incarnation` is the one that is to stay, `retiring_incarnation` the one on its way out.
// While a roll waits for its new process, the old one is the retiring one, still ready and counted
// in ProgramView::ready. If the new one fails, the two change places.
//
// THE STATES OF A SLOT
//   stopped     no process, and none is due: told so, left so by its restart policy, or not yet
//               started (then SlotView::status says what it waits for)
//   starting    a process was asked for, or runs and is not ready yet; a oneshot that runs
//   ready       serves. When: Spawned for ready = "started", else Notified Ready
//   stopping    its process was told to stop, or said so itself with STOPPING=1
//   backoff     ended unplanned; the next start is due at retry_at, or as soon as there is a place
//   crash_loop  ends unplanned again and again: one try each crash_loop_retry, for ever. The loop
//               is over, and reported so, once a process has stayed ready for settled_after;
//               between two tries the slot is starting, ready or stopping like any other
//   failed      exit code 78, or a failure under restart = "never": a person must start it again
//   done        a oneshot that ended with exit 0
//
// WHAT HAPPENS, AND WHAT FOLLOWS
//   A program is released once all that it comes `after` are satisfied at the same time (min_ready
//   slots ready; a oneshot done). It stays released: a dependency lost later stops nobody, and
//   restarts do not wait for it.
//   Starts: at most max_starting processes are being spawned or not yet ready, first come first
//   served; slots whose last process never became ready do not get the last place. A oneshot holds
//   a place until it runs.
//   Spawned and READY=1 may come in either order. Spawned for a process that was meanwhile told to
//   stop: signalled at once.
//   Not ready within ready_timeout: stopped, a failure. A oneshot is only reported, never shot.
//   No WATCHDOG=1 for `watchdog` (only after READY=1, only for ready = "notify"): SIGABRT to the
//   process, after watchdog_grace SIGKILL to the group, a failure. A running process keeps the
//   interval that it was told at its start unless a reload makes it longer or turns it off.
//   An end is planned if the process had been told to stop for any reason but a failure. Planned
//   ends never count. For all others restart_policy.hpp decides.
//   Stop: stop_signal and SIGCONT to the group, SIGKILL to the group after stop_timeout. One that
//   stays after SIGKILL is reported each 10 s and waited for; no second one is started beside it.
//   Roll: for each slot in turn, a second process, wait until it is ready, stop the old one, wait
//   until that is gone. A slot that does not serve is simply given a new process. The first failure
//   ends the roll: what runs stays, and after a reload the settings that the running processes were
//   made from stay in force, so that a crash does not swap in the ones that have just failed.
//   The old process dying in the middle is no failure of the roll: the new one is on its way.
//   Reload: programs are compared by name. Added ones start by their dependencies, removed ones
//   stop (dependants first) and are forgotten; one that comes back waits until its namesake is
//   gone. A changed type is a removal and an addition. What else a process is made from changes by
//   a roll, thresholds at once, replicas by scaling; a replica count set by `scale` stays unless
//   the file's own number changes.
//   Scale: the highest slots go, the lowest free numbers come. Incarnations of a slot only ever go
//   up, also when it, or its program, was gone in between.
//   Hopeless: a required, released service without a ready slot, or a required oneshot that has
//   failed for good or loops, for hopeless_after: reported once; with on_hopeless = exit an ordered
//   shutdown with code 70.
//   Shutdown: see shutdown.hpp. Finish comes at the latest at 28/30 of the deadline. A process that
//   is spawned after it began is told to stop at once.
//   Lateness: if an event comes more than 1 s after the armed timer, the supervisor itself was held
//   up: all ready, watchdog and stop deadlines move by that time and one second more, in which what
//   waits behind that event can be read. The shutdown's deadline does not move.
//
// WHO WINS
//   The higher one ends or forbids the lower one; within a slot:
//     1. shutdown  ends rolls (their Reply says so), empties the start queue, refuses every command
//                  and reload; a second request makes it fast; nothing else touches it
//     2. removal   by reload or scale-down: the slot leaves its roll and never starts again, unless
//                  scaled up again before its process is gone
//     3. stop      ends the roll of a program, or takes one slot out of it; works in every state;
//                  stays until start or restart
//     4. roll      overrides back-off and crash loop (a new try, counters at zero); a second
//                  restart of the same program is refused, a reload begins it anew
//     5. start     overrides back-off, crash loop, failed and stopped, counters at zero
//     6. restart policy
//   A failure of a process that is being stopped for a failure changes nothing; a planned stop of
//   it makes no new signal, but decides that no restart follows.
//   An event beats a deadline that falls due at the same time.

#include "supervisor/core/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::core {

// What a reader may know of a slot.
struct SlotView {
  SlotId id;
  SlotState state = SlotState::Stopped;
  std::string status;             // the worker's own STATUS= text
  std::uint64_t incarnation = 0;  // of the current process; 0 before the first
  std::int64_t pid = 0;           // 0 when none runs
  MonoTime since{};               // when the state was entered
  MonoTime started_at{};          // when the current process was spawned
  std::uint64_t restarts = 0;     // unplanned ones, ever
  std::uint64_t starts = 0;
  std::optional<ExitStatus> last_exit;
  std::string last_error;                    // a failed spawn: "exec: No such file or directory"
  std::optional<MonoTime> retry_at;          // in backoff or crash_loop
  std::optional<MonoTime> crash_loop_since;  // until it has settled again, whatever its state
  std::uint64_t retiring_incarnation = 0;    // the old process of a rolling restart, 0 if none
  std::int64_t retiring_pid = 0;
};

// In a crash loop that nobody has put an end to, the short lives between its ends included.
inline bool in_crash_loop(const SlotView& slot) {
  return slot.crash_loop_since && slot.state != SlotState::Stopped &&
         slot.state != SlotState::Failed;
}

struct ProgramView {
  std::uint32_t id = 0;
  std::shared_ptr<const config::Program>
      config;                // never null; shared by all views until it changes
  std::uint32_t wanted = 0;  // replicas now, after `scale`
  std::uint32_t ready = 0;
  bool satisfied = false;  // at least min_ready ready (or a oneshot that is done)
  bool rolling = false;
  std::vector<SlotView> slots;
};

struct FleetView {
  std::vector<ProgramView> programs;  // in configuration order
  bool draining = false;
  bool ready = false;  // every required program satisfied and not draining
};

class Fleet {
 public:
  // `random_seed`: for the jitter of the back-off, so that a run can be replayed.
  // `is_pid1`: decides what on_hopeless = "auto" means.
  Fleet(const config::Supervisor& supervisor, const std::vector<config::Program>& programs,
        std::uint64_t random_seed, bool is_pid1);
  ~Fleet();
  Fleet(Fleet&&) noexcept;

  // Starts whatever may start. Called once, before any event.
  Actions begin(MonoTime now);

  // Moves on by one event. Never throws for any event in any state: unknown or late identities are
  // ignored. `now` never goes backward.
  Actions step(const Event& event, MonoTime now);

  FleetView view() const;
  // The program of this id as it is configured now; nullptr once it is forgotten. Valid until
  // the next step(). O(log n).
  const config::Program* program(std::uint32_t id) const;

  // Changes whenever view() would differ in anything but times; readers publish only then.
  std::uint64_t revision() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::supervisor::core
