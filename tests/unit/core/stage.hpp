// SPDX-License-Identifier: Apache-2.0
#pragma once

// Stage: a Fleet in virtual time that records every action. Spawns are answered automatically
// unless a test turns that off; nothing else happens unless the test makes it happen.

#include "supervisor/core/fleet.hpp"
#include "tests/support/catch.hpp"

#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::core::test {

using namespace std::chrono_literals;

// A service that is ready on READY=1, without a watchdog; each test turns on what it is about.
inline config::Program service(std::string name, std::uint32_t replicas = 1) {
  config::Program program;
  program.name = std::move(name);
  program.command = {"/bin/" + program.name};
  program.replicas = replicas;
  program.watchdog = 0s;
  program.watchdog_required = true;  // where it is on, silence counts from ready on
  program.backoff_jitter = 0;
  return program;
}

inline config::Program after(config::Program program, std::vector<std::string> names) {
  program.after = std::move(names);
  return program;
}

inline config::Program oneshot(std::string name) {
  config::Program program = service(std::move(name));
  program.type = config::ProgramType::Oneshot;
  return program;
}

class Stage {
 public:
  explicit Stage(std::vector<config::Program> programs, config::Supervisor supervisor = {},
                 bool is_pid1 = false, std::uint64_t seed = 1)
      : fleet_(supervisor, programs, seed, is_pid1) {}

  bool auto_spawn = true;

  Stage& begin() {
    take(fleet_.begin(now));
    return *this;
  }
  Stage& send(const Event& event) {
    take(fleet_.step(event, now));
    return *this;
  }
  // Time passes; the timer fires whenever it is due.
  Stage& advance(Duration by) {
    const MonoTime end = now + by;
    while (armed && *armed <= end) {
      now = std::max(now, *armed);
      armed.reset();
      send(Tick{});
    }
    now = end;
    return *this;
  }
  // Time passes without the timer firing: the supervisor itself is held up.
  Stage& freeze(Duration by) {
    now += by;
    return *this;
  }

  Stage& ready(const std::string& slot) { return send(Notified{of(slot), Notice::Ready}); }
  Stage& ping(const std::string& slot) { return send(Notified{of(slot), Notice::Watchdog}); }
  Stage& extend(const ProcessId& process, Duration by) {
    return send(TimeoutExtended{process, by});
  }
  Stage& exit(const std::string& slot, int code) {
    return send(Exited{of(slot), ExitStatus{false, code, false}});
  }
  Stage& die(const std::string& slot, int signal) {
    return send(Exited{of(slot), ExitStatus{true, signal, false}});
  }
  Stage& retiring_exit(const std::string& slot, int code = 0) {
    return send(Exited{retiring(slot), ExitStatus{false, code, false}});
  }
  Stage& command(CommandKind kind, const std::string& target, std::uint32_t count = 0) {
    return command_all(kind, {target}, count);
  }
  Stage& command_all(CommandKind kind, const std::vector<std::string>& targets,
                     std::uint32_t count = 0) {
    return send(Command{++request, kind, targets, count, 0});
  }
  Stage& signal(const std::vector<std::string>& targets, int number) {
    return send(Command{++request, CommandKind::Signal, targets, 0, number});
  }
  Stage& reload(std::vector<config::Program> programs, config::Supervisor supervisor = {}) {
    return send(Reload{++request, supervisor, std::move(programs)});
  }
  // Makes starting slots ready until none is left.
  Stage& all_ready() {
    for (bool again = true; again;) {
      again = false;
      for (const ProgramView& program : fleet_.view().programs) {
        for (const SlotView& slot : program.slots) {
          if (slot.state != SlotState::Starting || slot.pid == 0) continue;
          if (program.config->type == config::ProgramType::Oneshot) continue;
          send(Notified{{slot.id, slot.incarnation}, Notice::Ready});
          again = true;
        }
      }
    }
    return *this;
  }

  FleetView view() const { return fleet_.view(); }
  ProgramView program(const std::string& name) const {
    for (const ProgramView& program : fleet_.view().programs) {
      if (program.config->name == name) return program;
    }
    return {};
  }
  // "api-worker.0"; a slot that does not exist has the program id 0.
  SlotView slot(const std::string& name) const {
    const std::size_t dot = name.rfind('.');
    for (const SlotView& slot : program(name.substr(0, dot)).slots) {
      if (std::to_string(slot.id.slot) == name.substr(dot + 1)) return slot;
    }
    return {};
  }
  std::string state(const std::string& name) const {
    return std::string(to_string(slot(name).state));
  }
  ProcessId of(const std::string& name) const { return {slot(name).id, slot(name).incarnation}; }
  ProcessId retiring(const std::string& name) const {
    return {slot(name).id, slot(name).retiring_incarnation};
  }

  // The actions since the last clear().
  std::vector<Spawn> spawns;
  std::vector<Signal> signals;
  std::vector<CheckHealth> checks;
  std::vector<PlanRun> plans;
  std::vector<Report> reports;
  std::vector<Accepted> accepted;
  std::vector<Reply> replies;
  std::vector<Finish> finishes;
  int drains = 0;
  std::size_t timers = 0;

  std::size_t count(EventKind kind) const {
    std::size_t count = 0;
    for (const Report& report : reports)
      count += report.kind == kind ? 1 : 0;
    return count;
  }
  std::string message(EventKind kind) const {
    for (const Report& report : reports) {
      if (report.kind == kind) return report.message;
    }
    return "none";
  }
  std::vector<int> signals_to(const ProcessId& process) const {
    std::vector<int> list;
    for (const Signal& signal : signals) {
      if (signal.process == process) list.push_back(signal.signal);
    }
    return list;
  }
  Stage& clear() {
    spawns.clear();
    signals.clear();
    checks.clear();
    plans.clear();
    reports.clear();
    accepted.clear();
    replies.clear();
    timers = 0;
    return *this;
  }

  MonoTime now{std::chrono::hours(1)};
  std::optional<MonoTime> armed;
  std::uint64_t request = 0;
  std::int64_t next_pid = 100;

 private:
  void take(Actions actions) {
    std::vector<Spawn> asked;
    for (const Action& action : actions) {
      if (const auto* spawn = std::get_if<Spawn>(&action)) asked.push_back(*spawn);
      if (const auto* signal = std::get_if<Signal>(&action)) signals.push_back(*signal);
      if (const auto* check = std::get_if<CheckHealth>(&action)) checks.push_back(*check);
      if (const auto* plan = std::get_if<PlanRun>(&action)) plans.push_back(*plan);
      if (const auto* report = std::get_if<Report>(&action)) reports.push_back(*report);
      if (const auto* begun = std::get_if<Accepted>(&action)) accepted.push_back(*begun);
      if (const auto* reply = std::get_if<Reply>(&action)) replies.push_back(*reply);
      if (const auto* finish = std::get_if<Finish>(&action)) finishes.push_back(*finish);
      if (std::holds_alternative<BeginDrain>(action)) ++drains;
      if (const auto* timer = std::get_if<ArmTimer>(&action)) {
        armed = timer->at;
        ++timers;
      }
    }
    for (const Spawn& spawn : asked) {
      spawns.push_back(spawn);
      if (auto_spawn) send(Spawned{spawn.process, next_pid++});
    }
  }

  Fleet fleet_;
};

}  // namespace holdfast::supervisor::core::test
