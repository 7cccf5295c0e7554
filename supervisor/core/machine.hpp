// SPDX-License-Identifier: Apache-2.0
#pragma once

// Machine: the whole state of a Fleet, and the few primitives that all its rules share: saying what
// is to be done, keeping the sums, keeping the timer. Private to supervisor/core.
//
// The rules are level-triggered: an event changes records and marks them dirty; settle() then looks
// at each dirty slot and program until nothing more follows. A rule never needs to know which event
// made its condition true, so no wake-up can be lost, and the cost of a step is that of what it
// touched.

#include "supervisor/core/deadlines.hpp"
#include "supervisor/core/model.hpp"
#include "supervisor/core/random.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::core {

struct Shutdown {
  MonoTime began{};
  MonoTime kill_at{};
  MonoTime finish_at{};
  bool fast = false;
  bool killed = false;             // the kill point has passed
  bool forced = false;             // SIGKILL was sent since it began
  std::optional<int> exit_code;    // instead of 0 or 1
  std::vector<std::string> stage;  // programs told to stop in this step
};

struct Machine {
  Machine(const config::Supervisor& settings, std::uint64_t seed, bool pid1)
      : supervisor(settings), random(seed), is_pid1(pid1) {}

  config::Supervisor supervisor;
  Random random;
  bool is_pid1;
  bool finished = false;

  MonoTime now{};
  Actions actions;
  std::uint64_t revision = 1;

  std::uint32_t next_program = 1;
  std::map<std::uint32_t, Program> programs;                  // those being removed too
  std::map<std::string, std::uint32_t, std::less<>> by_name;  // those not being removed
  std::vector<std::uint32_t> order;                           // of the configuration
  std::map<std::string, Past> past;                           // of programs that are gone
  Share sum;

  Deadlines deadlines;
  std::optional<MonoTime> armed;
  std::optional<Shutdown> shutdown;

  struct Queued {
    SlotId slot;
    std::uint64_t ticket;
  };
  std::deque<Queued> queue;     // slots that wait for a place among max_starting
  std::deque<Queued> suspects;  // those whose last process never became ready
  std::uint64_t next_ticket = 1;

  std::vector<SlotId> dirty_slots;
  std::vector<std::uint32_t> dirty_programs;

  Program* find(std::uint32_t id);
  Slot* find(const SlotId& id);

  void act(Action action) { actions.push_back(std::move(action)); }
  void report(Kind kind, const Program* program, const ProcessId& process, std::string message);
  void report(Kind kind, const Program& program, std::string message);
  void report(Kind kind, std::string message);  // about the fleet
  void reply(std::uint64_t request, bool ok, std::string message);

  void touch() { ++revision; }
  void touch(Slot& slot);  // also: look at it again in settle()
  void touch(Program& program);
  void set_state(Slot& slot, SlotState state);

  // Applies what a slot now adds to the sums.
  void recount(Program& program, Slot& slot);
  // Emits ArmTimer if the timer armed would come too late.
  void arm();
};

// "api-worker.0", "api-worker.0 (incarnation 3)"
std::string name_of(const Program& program, std::uint32_t slot);
std::string name_of(const Program& program, std::uint32_t slot, std::uint64_t incarnation);
ProcessId process_id(const Slot& slot, const Process& process);
// For people: "120ms", "1.5s", "12s", "3m5s".
std::string show(Duration duration);

// Follows up on everything marked dirty, until nothing is.
void settle(Machine& m);

}  // namespace holdfast::supervisor::core
