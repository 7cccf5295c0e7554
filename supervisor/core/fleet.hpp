// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fleet: the state of everything supervised, and the one function that advances it:
// step(event, now) -> actions. Pure: no clock, no I/O, no threads. The shell turns the world into
// events and actions into system calls; the same events in the same order with the same seed give
// the same actions.
//
// Threads: one owner. Cost: O(log n) for what an event touches; view() and reload O(n).
// Times: monotonic, from the shell; a `now` that goes backward is clamped.
//
// PROGRAMS, SLOTS, PROCESSES
// A program has slots 0 … replicas-1. A slot has at most one process, and at most two during a
// rolling restart: `incarnation` is the one that will stay, `retiring_incarnation` the one to be
// stopped. While a roll waits for its new process, the old one is the retiring one, still ready and
// counted in ProgramView::ready. If the new one fails, the two swap places.
//
// THE STATES OF A SLOT
//   scheduled   a program with a schedule that has not run yet, or was started again after a stop
//   stopped     no process, and none is due: stopped by command, left stopped by its restart
//               policy, or not started yet (SlotView::status then says what it waits for)
//   starting    a process was requested, or runs and is not ready yet; also a oneshot that runs
//   ready       serves. Entered at Spawned for ready = "started", else at Notified Ready
//   unhealthy   its process has failed its health checks and is being ended
//   stopping    its process was asked to stop, or announced its own stop with STOPPING=1
//   backoff     exited unplanned; the next start is due at retry_at, or when the start queue allows
//   crash_loop  exits unplanned again and again: one try every crash_loop_retry, indefinitely. The
//               loop is over, and reported as over, once a process has stayed ready for
//               settled_after; between two tries the slot is starting, ready or stopping as usual
//   failed      exit code 78, or a failure under restart = "never": only a person starts it again
//   done        a oneshot that exited with code 0
//
// RULES
//   A program without autostart starts with a command, and is stopped until then; so is one that
//   a command has stopped again. Nobody misses it, but what comes `after` it waits.
//   A program is released once all that it comes `after` are satisfied at the same time (min_ready
//   slots ready, or a oneshot done). It stays released: a dependency lost later stops nobody, and
//   restarts do not wait for it.
//   Starts: at most max_starting first starts, and as many restarts of what had been ready, are
//   being spawned or not yet ready; required programs before optional ones, then first come, first
//   served. Slots whose last process never became ready do not get the last place. A oneshot
//   occupies a place until it is spawned.
//   Spawned and READY=1 may arrive in either order. If a process was asked to stop before its
//   Spawned arrived, it is signalled at once.
//   Not ready within ready_timeout: stopped; a failure. A oneshot is only reported, never killed.
//   No heartbeat for `watchdog` (only while it is ready, and only once there has been one, unless
//   watchdog_required; a heartbeat is what watchdog_source says): SIGABRT and SIGCONT to the
//   process, after watchdog_grace SIGKILL to the group; a failure. A running process keeps the
//   interval that it was given at its start, unless a reload makes it longer or turns it off.
//   Health checks that fail health_failures times in a row have the same consequence: see
//   process_health.hpp.
//   TimeoutExtended moves the deadline of what the process is doing (starting, staying alive,
//   stopping) to `by` from now, if that is later. The shutdown's deadlines do not move, and neither
//   does SIGKILL for a process that hangs.
//   A program with a schedule runs at times that the shell computes (schedule.hpp), when it is told
//   to by its own name, and with run_at_start when it is added. It never counts for readiness, and
//   nothing comes after it. A reload runs nothing of it; its next run is as the file says.
//   FilesChanged: when nothing more has changed for watch_delay, what runs of the program is
//   rolled, and with watch_dependants what comes after it, as by one command (file_changes.hpp).
//   MemoryUsed above memory_max: stopped; a failure. Above memory_high: told, and replaced by a
//   roll of that one slot (memory.hpp). An exit is planned if the process had been asked to stop
//   for any reason but a failure. Planned exits never count. For all others restart_policy.hpp
//   decides. Stop: stop_signal and SIGCONT to the group, or with stop_scope = "main" to the process
//   alone; SIGKILL to the group after stop_timeout. If a process exits, asked to or not, and others
//   of its worker are still there, these get both signals too, and SIGKILL when what is left of the
//   stop_timeout is over; the slot goes on when they are gone (LeftoversGone). A process
//   that survives SIGKILL is reported every 10 s and waited for; its slot starts no second one.
//   Roll: for each slot in turn, start a second process, wait until it has been ready for
//   min_ready_time, stop the old one, wait until that has exited. If two cannot run at a time
//   (config::overlaps()), the old one is stopped first. A slot that does not serve is simply given
//   a new process. The first failure aborts the roll: what runs stays, and what was stopped first
//   is started again as it was, if it was made from something else. If the old process dies during
//   the roll, the roll goes on: its successor is coming. Reload: see reload.hpp. Programs are
//   compared by name. New ones start after their dependencies; removed ones stop (dependants first)
//   and are forgotten; one that comes back waits until its namesake is gone. A changed type is a
//   removal and an addition. What else a changed key asks for is its ReloadEffect: a roll, effect
//   at once, or scaling. A replica count set by `scale` stays unless the file's own number changes.
//   Scale: the highest slots are removed, the lowest free numbers added. The incarnations of a slot
//   only ever increase, even if it, or its program, was removed in between. Hopeless: a required,
//   released service without a ready slot, or a required oneshot that has failed for good or is in
//   a crash loop, for hopeless_after: reported once; with on_hopeless = "exit" an ordered shutdown
//   with code 70 follows. Shutdown: see shutdown.hpp. Finish comes before the deadline, always. A
//   process whose Spawned arrives after it began is asked to stop at once. Lateness: if an event
//   comes more than 1 s after the armed timer, the supervisor itself was held up. All ready,
//   watchdog and stop deadlines then move by that time and one second more, in which queued
//   notifications can be read. The shutdown's deadline does not move.
//
// PRECEDENCE
//   A higher entry ends or forbids a lower one; within a slot:
//     1. shutdown  ends rolls (their Reply says so), empties the start queue, refuses every command
//                  and reload; a request a second later or more makes it fast; nothing
//                  else affects it
//     2. removal   by reload or scale-down: the slot leaves its roll and never starts again, unless
//                  scaled up again before its process has exited
//     3. stop      ends the roll of a program, or takes one slot out of it; works in every state;
//                  lasts until start or restart
//     4. roll      overrides back-off and crash loop (a new try, counters at zero); a second
//                  restart of the same program is refused, a reload takes it over
//     5. start     overrides back-off, crash loop, failed and stopped, counters at zero
//     6. restart policy
//   If a process that is being stopped for a failure fails again, nothing changes; a planned stop
//   of it sends no new signal, but no restart follows. An event takes precedence over a deadline
//   that falls due at the same time.

#include "supervisor/core/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::core {

// One slot as readers see it.
struct SlotView {
  SlotId id;
  SlotState state = SlotState::Stopped;
  bool stopped_by_hand = false;   // by a command: it is not started until another command says so
  std::string status;             // the worker's own STATUS= text
  std::uint64_t incarnation = 0;  // of the current process; 0 before the first
  std::int64_t pid = 0;           // 0 when none runs
  MonoTime since{};               // when the state was entered
  MonoTime started_at{};          // when the current process was spawned
  std::uint64_t restarts = 0;     // after unplanned exits, in total
  std::uint64_t starts = 0;
  std::optional<ExitStatus> last_exit;
  // Why the last start failed, or why the current one is not ready yet: "exec: No such file or
  // directory", "not ready within 1m: http://127.0.0.1:80/ answered 503". Of one that is ready:
  // what the last health check has found. Empty if all is well.
  std::string last_error;
  std::optional<MonoTime> retry_at;           // in backoff or crash_loop
  std::optional<MonoTime> crash_loop_since;   // until it has settled again, in any state
  std::optional<MonoTime> memory_high_since;  // its process uses more than memory_high
  std::uint64_t retiring_incarnation = 0;     // the old process of a rolling restart, 0 if none
  std::int64_t retiring_pid = 0;
  std::uint32_t left = 0;  // processes that its exited ones left behind, and that are waited for
};

// Whether the slot is in a crash loop that nobody has ended. Includes the short times between two
// exits in which it is starting or ready.
inline bool in_crash_loop(const SlotView& slot) {
  return slot.crash_loop_since && slot.state != SlotState::Stopped &&
         slot.state != SlotState::Failed;
}

// The times of a program with a schedule.
struct ScheduleView {
  std::optional<MonoTime> next_at;  // none: it is stopped, or not planned yet
  bool queued = false;              // a run waits for the one under way
  RunCounts counts;
  std::optional<LastRun> last;
};

struct ProgramView {
  std::uint32_t id = 0;
  // Never null; shared by all views until it changes.
  std::shared_ptr<const config::Program> config;
  std::uint32_t wanted = 0;  // replicas now, after `scale`
  std::uint32_t ready = 0;
  bool satisfied = false;  // at least min_ready ready, or a oneshot that is done
  bool rolling = false;
  bool dormant = false;  // autostart is off, and no command has started it: nobody misses it
  // The keys in which what runs differs from what is configured; each once. What is being replaced
  // counts until it is.
  std::vector<std::string> differs;
  std::optional<ScheduleView> schedule;   // of a program that has one
  std::optional<ChangeRestarts> changed;  // its files have changed at least once
  std::vector<SlotView> slots;
};

struct FleetView {
  std::vector<ProgramView> programs;  // in configuration order
  bool draining = false;
  bool reloading = false;  // a reload is under way
  bool ready = false;      // every required program satisfied and not draining
};

struct Machine;  // private to supervisor/core

class Fleet {
 public:
  // `random_seed`: for the jitter of the back-off, so that a run can be replayed.
  // `is_pid1`: decides what on_hopeless = "auto" means.
  Fleet(const config::Supervisor& supervisor, const std::vector<config::Program>& programs,
        std::uint64_t random_seed, bool is_pid1);
  ~Fleet();
  Fleet(Fleet&&) noexcept;

  // Starts whatever may start. To be called once, before any event.
  Actions begin(MonoTime now);

  // Advances by one event. Never throws for any event in any state: unknown and outdated identities
  // are ignored.
  Actions step(const Event& event, MonoTime now);

  FleetView view() const;
  // The program of this id as it is configured now; nullptr once it is forgotten. Valid until
  // the next step(). O(log n).
  const config::Program* program(std::uint32_t id) const;

  // Changes whenever view() differs in anything but times, so it is published only then.
  std::uint64_t revision() const;

 private:
  std::unique_ptr<Machine> machine_;
};

}  // namespace holdfast::supervisor::core
