// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fleet: the state of everything supervised, and the one function that moves it on. The header's
// prose on states, events and priorities is completed here by its implementation's author.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "supervisor/core/types.hpp"

namespace holdfast::supervisor::core {

// What a reader may know of a slot.
struct SlotView {
  SlotId id;
  SlotState state = SlotState::Stopped;
  std::string status;  // the worker's own STATUS= text
  std::uint64_t incarnation = 0;  // of the current process; 0 before the first
  std::int64_t pid = 0;           // 0 when none runs
  MonoTime since{};               // when the state was entered
  MonoTime started_at{};          // when the current process was spawned
  std::uint64_t restarts = 0;     // unplanned ones, ever
  std::uint64_t starts = 0;
  std::optional<ExitStatus> last_exit;
  std::string last_error;         // a failed spawn: "exec: No such file or directory"
  std::optional<MonoTime> retry_at;   // in backoff or crash_loop
  std::uint64_t retiring_incarnation = 0;  // the old process of a rolling restart, 0 if none
  std::int64_t retiring_pid = 0;
};

struct ProgramView {
  std::uint32_t id = 0;
  config::Program config;
  std::uint32_t wanted = 0;  // replicas now, after `scale`
  std::uint32_t ready = 0;
  bool satisfied = false;    // at least min_ready ready (or a oneshot that is done)
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
  // Changes whenever view() would differ in anything but times; readers publish only then.
  std::uint64_t revision() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::supervisor::core
