// SPDX-License-Identifier: Apache-2.0
#pragma once

// Machine: the whole state of a Fleet, and the few primitives that all its rules share: emitting
// actions, marking records dirty, keeping totals and the timer. Private to supervisor/core.

#include "supervisor/core/deadlines.hpp"
#include "supervisor/core/model.hpp"
#include "supervisor/core/random.hpp"

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::core {

// Where a process identity leads.
struct FoundProcess {
  Program* program = nullptr;
  Slot* slot = nullptr;
  Process* process = nullptr;
  explicit operator bool() const { return process != nullptr; }
};

// A reload under way. See reload.hpp.
struct ReloadOperation {
  enum class Step { Waiting, Working, Done, Failed, GivenUp };
  struct Member {
    std::string name;
    Step step = Step::Waiting;
    std::set<std::uint32_t> needs;  // members that it comes after, directly or through others
    std::uint32_t parts = 0;        // of its work that are not over: a roll, a wait
    std::string failure;
  };
  std::vector<std::uint64_t> requests;
  std::string changes;
  std::map<std::uint32_t, Member> members;  // by program
};

// What a command asks of one program. Its answer goes to `request`: that of the command, or one
// that a batch has made up.
struct Order {
  std::uint64_t request = 0;
  CommandKind kind = CommandKind::Restart;
  std::uint32_t count = 0;
  int signal = 0;
  std::uint32_t program = 0;
  bool whole = false;  // the program was named, not some of its slots
  bool named = false;  // see Chosen
  std::vector<std::uint32_t> slots;
};

// A command about several programs, under way. See batch.hpp.
struct Batch {
  enum class Step { Waiting, Working, Done, Failed };
  struct Member {
    std::string name;
    Order order;
    Step step = Step::Waiting;
    std::set<std::uint32_t> needs;  // members that must be done before this one begins
    std::string message;            // its outcome
  };
  CommandKind kind = CommandKind::Restart;
  std::vector<std::uint32_t> sequence;      // of its programs
  std::map<std::uint32_t, Member> members;  // by program
};

struct Shutdown {
  MonoTime began{};
  MonoTime kill_at{};
  MonoTime finish_at{};
  bool fast = false;
  bool killed = false;             // the kill point has passed
  bool forced = false;             // SIGKILL was sent since it began
  std::optional<int> exit_code;    // instead of 0 or 1
  std::vector<std::string> stage;  // programs asked to stop in this step
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
  std::map<std::uint32_t, Program> programs;                  // including those being removed
  std::map<std::string, std::uint32_t, std::less<>> by_name;  // excluding those being removed
  std::vector<std::uint32_t> order;                           // that of the configuration
  std::map<std::string, LastIncarnations> past_incarnations;  // of programs that are gone
  Tally totals;

  Deadlines deadlines;
  MonoTime spared_until{};  // no deadline that is set anew blames a worker before
  std::optional<MonoTime> armed;
  std::optional<Shutdown> shutdown;
  std::size_t waits = 0;  // of all programs
  std::optional<ReloadOperation> reload;
  std::optional<Reload> next_reload;  // waits for that one to be over
  std::vector<std::uint64_t> next_reload_requests;
  std::map<std::uint64_t, Batch> batches;  // by request
  // Orders of batches that have not been answered: which member of which batch each one is.
  struct BatchMember {
    std::uint64_t batch;
    std::uint32_t program;
  };
  std::map<std::uint64_t, BatchMember> batch_orders;
  std::set<std::uint64_t> own_requests;  // orders that nobody waits for: for changed files
  std::set<std::uint32_t> changed;       // programs whose changes are due
  std::uint64_t next_order = std::uint64_t{1} << 63;  // far from the requests of the shell

  struct Queued {
    SlotId slot;
    std::uint64_t ticket;
  };
  std::array<std::deque<Queued>, kStartRanks> queues;  // slots that wait for a place, by rank
  std::uint64_t next_ticket = 1;

  std::vector<SlotId> dirty_slots;
  std::vector<std::uint32_t> dirty_programs;

  Program* find(std::uint32_t id);
  Slot* find(const SlotId& id);
  FoundProcess find(const ProcessId& id);  // all null if the process is unknown or has ended

  void act(Action action) { actions.push_back(std::move(action)); }
  void report(EventKind kind, const Program* program, const ProcessId& process,
              std::string message);
  void report(EventKind kind, const Program& program, std::string message);
  void report(EventKind kind, std::string message);  // about the fleet
  // About a request of the shell, about an order of a batch, which keeps it to itself, or about an
  // order that nobody waits for.
  void accept(std::uint64_t request, std::string message);
  void reply(std::uint64_t request, bool ok, std::string message);

  void touch() { ++revision; }
  void touch(Slot& slot);  // and marks it for reconcile()
  void touch(Program& program);
  void set_state(Slot& slot, SlotState state);

  // Updates the totals by what has changed in this slot.
  void recount(Program& program, Slot& slot);
  // Emits ArmTimer if the timer that is armed would fire too late.
  void arm();
};

// "api-worker.0", "api-worker.0 (incarnation 3)"
std::string name_of(const Program& program, std::uint32_t slot);
std::string name_of(const Program& program, std::uint32_t slot, std::uint64_t incarnation);
ProcessId process_id(const Slot& slot, const Process& process);
// For messages: "120ms", "1.5s", "12s", "3m5s".
std::string format_rounded(Duration duration);

}  // namespace holdfast::supervisor::core
