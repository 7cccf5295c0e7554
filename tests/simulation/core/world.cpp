// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/core/world.hpp"

#include "tests/simulation/core/describe.hpp"
#include "tests/simulation/core/sabotage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace holdfast::supervisor::core::simulation {

namespace {

using namespace std::chrono_literals;

class World {
 public:
  World(const Scenario& scenario, bool with_trace, Sabotage sabotage)
      : scenario_(scenario),
        settings_(scenario.supervisor),
        programs_(scenario.programs),
        fleet_(scenario.supervisor, scenario.programs, scenario.seed, scenario.is_pid1),
        checker_(fleet_, scenario.supervisor, scenario.programs),
        with_trace_(with_trace),
        sabotage_(sabotage) {}

  Outcome run() {
    note("the fleet is that of " + describe(Reload{0, settings_, programs_}));
    checker_.before(Tick{}, now_);
    take(Tick{}, fleet_.begin(now_));
    for (const Op& op : scenario_.ops) {
      if (!good()) break;
      ++outcome_.played;
      apply(op);
    }
    if (good()) quiesce();
    return std::move(outcome_);
  }

 private:
  bool good() const { return outcome_.problem.empty(); }
  const Truth& truth() const { return checker_.truth(); }

  void note(std::string line) {
    if (!with_trace_) return;
    const double seconds = std::chrono::duration<double>(now_.time_since_epoch()).count();
    outcome_.trace.push_back(fmt::format("{:9.3f} {}", seconds, line));
  }

  void fail(std::string problem) {
    if (!good() || problem.empty()) return;
    note("WRONG: " + problem);
    outcome_.problem = std::move(problem);
  }

  void send(const Event& event) {
    if (!good()) return;
    note("> " + describe(event));
    checker_.before(event, now_);
    take(event, fleet_.step(event, now_));
  }

  void take(const Event& event, Actions actions) {
    ++outcome_.events;
    if (sabotage_ != Sabotage::None) spoil(actions, sabotage_, truth());
    for (const Action& action : actions) {
      const std::string text = describe(action);
      outcome_.actions_hash =
          outcome_.actions_hash * 1099511628211ULL + std::hash<std::string>{}(text);
      note("    " + text);
      if (const auto* report = std::get_if<Report>(&action)) outcome_.kinds.insert(report->kind);
      if (const auto* plan = std::get_if<PlanRun>(&action)) unplanned_.push_back(plan->program);
    }
    fail(checker_.after(event, actions, now_));
    answer_plans();
    if (good() && unplanned_.empty() && outcome_.events % 4 == 0) fail(checker_.check_view(now_));
  }

  // As the shell does: what is asked for is planned, at times that nobody can foresee.
  void answer_plans() {
    while (good() && !unplanned_.empty() && !truth().finish) {
      const std::string program = unplanned_.back();
      unplanned_.pop_back();
      plan(program, std::chrono::seconds(1 + ++plans_ * 7 % 40));
    }
  }

  void plan(const std::string& program, Duration in) {
    send(RunPlanned{program, now_ + in, "a time"});
  }

  // Time passes; the timer fires when it is due.
  void advance(Duration by) {
    const MonoTime end = now_ + by;
    while (good() && truth().armed && *truth().armed <= end && !truth().finish) {
      now_ = std::max(now_, *truth().armed);
      send(Tick{});
    }
    now_ = end;
  }

  // The nth living process for which `accept` holds.
  template <class Accept>
  std::optional<ProcessId> pick(std::uint32_t n, Accept accept) const {
    std::vector<ProcessId> candidates;
    for (const auto& [id, worker] : truth().live) {
      if (accept(worker)) candidates.push_back(id);
    }
    if (candidates.empty()) return std::nullopt;
    return candidates[n % candidates.size()];
  }

  template <class Accept, class Make>
  void to_one(const Op& op, Accept accept, Make make) {
    if (const auto id = pick(op.a, accept)) send(make(*id));
  }

  std::string target(const Op& op) const {
    if (programs_.empty()) return "p0";
    const config::Program& program = programs_[op.a % programs_.size()];
    const std::uint32_t slot = op.b % 6;
    return slot < 3 ? program.name : fmt::format("{}.{}", program.name, slot - 3);
  }

  // One name, or what stands for several.
  std::vector<std::string> targets(const Op& op) const {
    switch (op.b / 6 % 12) {
      case 0: return {"all"};
      case 1: return {"p*"};
      case 2: return {"group:even"};
      case 3: return {"*.0"};
      case 4: return {target(op), target({op.kind, op.a / 7, op.b / 7})};
      default: return {target(op)};
    }
  }

  void command(CommandKind kind, std::vector<std::string> whom, std::uint32_t count = 0) {
    if (kind == CommandKind::Stop) {
      for (const config::Program& program : programs_) {
        if (whom.size() > 1 || whom[0].substr(0, whom[0].find('.')) == program.name ||
            whom[0].find_first_of("*:") != std::string::npos || whom[0] == "all") {
          stopped_.insert(program.name);
        }
      }
    }
    const int signal = kind == CommandKind::Signal ? SIGUSR1 : 0;
    send(Command{++request_, kind, std::move(whom), count, signal});
  }

  void reload(const Op& op) {
    auto wanted = mutate(programs_, op.a, op.b);
    const bool refused = truth().shutdown.has_value();
    // A new restart policy does not start what the old one has left stopped, and autostart nothing
    // of a program that a command has started in part.
    for (const config::Program& program : programs_) {
      const bool stays = program.restart == config::RestartPolicy::Always && program.autostart;
      if (!stays) stopped_.insert(program.name);
    }
    if (op.b % 5 == 0) settings_.max_starting = 1 + op.a % 4;
    send(Reload{++request_, settings_, wanted});
    if (!refused) programs_ = std::move(wanted);
  }

  static ExitStatus ending(const Op& op) {
    constexpr ExitStatus kEndings[] = {{false, 0, false},  {false, 1, false}, {true, 11, true},
                                       {false, 78, false}, {true, 9, false},  {false, 1, false}};
    return kEndings[op.b % 6];
  }

  // Half of the checks find that all is well.
  static HealthChecked::Outcome finding(const Op& op) {
    using Outcome = HealthChecked::Outcome;
    constexpr Outcome kFindings[] = {Outcome::Well,   Outcome::Unwell, Outcome::Well,
                                     Outcome::Unwell, Outcome::Unwell, Outcome::Unknown};
    return kFindings[op.b % 6];
  }

  // A third of the processes leave others behind.
  static std::uint32_t leaving(const Op& op) { return op.b / 64 % 3 == 0 ? 1 + op.b / 512 % 4 : 0; }

  Duration pause(const Op& op) const {
    constexpr Duration kPauses[] = {0s, 1ms, 20ms, 100ms, 260ms, 1s, 3s, 5s, 11s, 31s, 61s};
    return kPauses[op.a % 16 < 5 ? op.b % 11 : op.b % 6];
  }

  void stale(const Op& op) {
    ProcessId id{{op.a % 9, op.b % 5}, op.a % 3};
    if (!truth().ended.empty() && op.b % 4 != 0) id = truth().ended[op.a % truth().ended.size()];
    if (truth().live.contains(id)) return;
    switch (op.b % 10) {
      case 9: send(FilesChanged{"p9", "f"}); break;
      case 8: send(MemoryUsed{id, 1000}); break;
      case 0: send(Exited{id, {}}); break;
      case 1: send(Spawned{id, 1}); break;
      case 2: send(SpawnFailed{id, "fork", 11}); break;
      case 3: send(Notified{id, Notice::Ready}); break;
      case 4: send(TimeoutExtended{id, 1h}); break;
      case 5: send(NotReadyBecause{id, "gone"}); break;
      case 6: send(LeftoversGone{id}); break;
      case 7: send(HealthChecked{id, HealthChecked::Outcome::Unwell, "gone"}); break;
      default: send(Notified{id, Notice::WatchdogTrigger}); break;
    }
  }

  void apply(const Op& op);
  void quiesce();
  void change_all_files();
  bool behave_well();
  bool needs_a_person(const config::Program& program) const;

  const Scenario& scenario_;
  config::Supervisor settings_;
  std::vector<config::Program> programs_;
  Fleet fleet_;
  Checker checker_;
  bool with_trace_;
  Sabotage sabotage_;
  Outcome outcome_;
  MonoTime now_{1h};
  std::uint64_t request_ = 0;
  std::vector<std::string> unplanned_;  // PlanRun that was not answered yet
  std::uint32_t plans_ = 0;
  std::set<std::string> stopped_;  // programs that may have a slot which is down for good
  std::int64_t next_pid_ = 100;
};

void World::apply(const Op& op) {
  const auto pending = [](const Worker& w) { return !w.spawned; };
  const auto there = [](const Worker& w) { return w.spawned && !w.exited; };
  const auto young = [](const Worker& w) { return !w.ready && !w.stop_requested; };
  const auto notice = [](Notice what) {
    return [what](const ProcessId& id) { return Notified{id, what}; };
  };
  switch (op.kind) {
    case OpKind::Advance: advance(pause(op)); break;
    case OpKind::AnswerSpawn:
      to_one(op, pending, [&](const ProcessId& id) { return Spawned{id, next_pid_++}; });
      break;
    case OpKind::FailSpawn:
      to_one(op, pending, [](const ProcessId& id) { return SpawnFailed{id, "fork", EAGAIN}; });
      break;
    case OpKind::Ready: to_one(op, young, notice(Notice::Ready)); break;
    case OpKind::Ping: to_one(op, there, notice(Notice::Watchdog)); break;
    case OpKind::SaysStopping: to_one(op, there, notice(Notice::Stopping)); break;
    case OpKind::SaysHung: to_one(op, there, notice(Notice::WatchdogTrigger)); break;
    case OpKind::Extend:
      to_one(
          op, [](const Worker&) { return true; },
          [&](const ProcessId& id) {
            constexpr Duration kTimes[] = {0s, 1s, 8s, 90s, Duration::max()};
            return TimeoutExtended{id, kTimes[op.b % 64 == 0 ? 4 : op.b % 4]};
          });
      break;
    case OpKind::NotReady:
      to_one(
          op, [](const Worker&) { return true; },
          [&](const ProcessId& id) {
            return NotReadyBecause{id, op.b % 2 == 0 ? "answered 503" : "connection refused"};
          });
      break;
    case OpKind::Check:
      to_one(
          op, [](const Worker& w) { return w.checking && !w.exited; },
          [&](const ProcessId& id) {
            return HealthChecked{id, finding(op), "answered 500"};
          });
      break;
    case OpKind::Beat:
      to_one(op, there, notice(op.b % 2 == 0 ? Notice::Scraped : Notice::Probed));
      break;
    case OpKind::Memory:
      to_one(
          op, [](const Worker&) { return true; },
          [&](const ProcessId& id) {
            constexpr std::uint64_t kBytes[] = {50, 100, 101, 150, 200, 201};
            return MemoryUsed{id, kBytes[op.b % 6]};
          });
      break;
    case OpKind::Status:
      to_one(op, there, [](const ProcessId& id) { return StatusText{id, "busy"}; });
      break;
    case OpKind::Exit:
      to_one(op, there, [&](const ProcessId& id) { return Exited{id, ending(op), leaving(op)}; });
      break;
    case OpKind::Obey:
      to_one(
          op, [](const Worker& w) { return w.stop_requested && !w.exited; },
          [&](const ProcessId& id) {
            return Exited{id, ExitStatus{op.b % 2 == 0, 0, false}, leaving(op)};
          });
      break;
    case OpKind::Die:
      to_one(
          op, [](const Worker& w) { return w.kills > 0 && !w.exited; },
          [&](const ProcessId& id) {
            return Exited{id, ExitStatus{true, SIGKILL, false}, leaving(op)};
          });
      break;
    case OpKind::Clear:
      to_one(
          op, [](const Worker& w) { return w.exited; },
          [](const ProcessId& id) { return LeftoversGone{id}; });
      break;
    case OpKind::Stale: stale(op); break;
    case OpKind::Late:
      now_ += 2s + std::chrono::milliseconds(op.b % 60'000);
      send(Tick{});
      break;
    case OpKind::EarlyTick: send(Tick{}); break;
    case OpKind::Start: command(CommandKind::Start, targets(op)); break;
    case OpKind::Stop: command(CommandKind::Stop, targets(op)); break;
    case OpKind::Restart: command(CommandKind::Restart, targets(op)); break;
    case OpKind::Scale:
      command(CommandKind::Scale, {target(op)}, op.b / 8 % 5);
      // And back, before the removed slots have gone.
      if (op.a % 3 == 0) command(CommandKind::Scale, {target(op)}, op.b / 40 % 5);
      break;
    case OpKind::ClockSet:
      for (const config::Program& program : programs_) {
        if (config::is_scheduled(program))
          plan(program.name, std::chrono::seconds(op.b % 60) - 10s);
      }
      if (!programs_.empty()) send(RunsMissed{programs_[op.a % programs_.size()].name, 2, "then"});
      break;
    case OpKind::FilesChange:
      if (programs_.empty()) break;
      for (std::uint32_t i = 0; i <= op.b % 3; ++i)
        send(FilesChanged{programs_[op.a % programs_.size()].name,
                          fmt::format("f{}", op.b / 3 % 3)});
      break;
    case OpKind::Signal: command(CommandKind::Signal, targets(op)); break;
    case OpKind::Nonsense: command(CommandKind::Restart, {"nobody.7"}); break;
    case OpKind::Reload: reload(op); break;
    case OpKind::Shutdown:
      if (op.b % 2 == 0 || truth().shutdown) send(ShutdownRequested{SIGTERM});
      break;
  }
}

// Whether it may be down for a reason that only `start` undoes. All others must recover by
// themselves.
bool World::needs_a_person(const config::Program& program) const {
  if (program.restart != config::RestartPolicy::Always || !program.autostart ||
      stopped_.contains(program.name)) {
    return true;
  }
  // One that is being stopped for a failure may have been restarted too often when it ends.
  if (program.max_restarts_per_hour > 0) return true;
  for (const ProgramView& view : fleet_.view().programs) {
    if (view.config->name != program.name) continue;
    for (const SlotView& slot : view.slots) {
      if (slot.state == SlotState::Failed) return true;
    }
  }
  return false;
}

// Makes one process do what is expected of it. Returns false if none has anything to do.
bool World::behave_well() {
  for (const auto& [id, worker] : truth().live) {
    const config::Program* program = fleet_.program(id.slot.program);
    const bool oneshot = program != nullptr && program->type == config::ProgramType::Oneshot;
    if (!worker.spawned) {
      send(Spawned{id, next_pid_++});
    } else if (worker.exited) {
      send(LeftoversGone{id});
    } else if (worker.stop_requested) {
      send(Exited{id, ExitStatus{worker.kills > 0, worker.kills > 0 ? SIGKILL : 0, false}});
    } else if (oneshot) {
      send(Exited{id, ExitStatus{}});
    } else if (!worker.ready) {
      send(Notified{id, Notice::Ready});
    } else if (worker.checking) {
      send(HealthChecked{id, HealthChecked::Outcome::Well, {}});
    } else {
      continue;
    }
    return true;
  }
  return false;
}

void World::quiesce() {
  note("every process behaves well from here on");
  // First, so that no start below is for one that has failed and is not concluded yet.
  for (const auto& [id, worker] : std::map<ProcessId, Worker>(truth().live)) {
    if (!good() || truth().finish || !truth().live.contains(id)) continue;
    if (worker.spawned && !worker.exited && worker.stop_requested)
      send(Exited{id, ExitStatus{worker.kills > 0, worker.kills > 0 ? SIGKILL : 0, false}});
    if (worker.exited && truth().live.contains(id)) send(LeftoversGone{id});
  }
  for (const config::Program& program : programs_) {
    if (needs_a_person(program)) command(CommandKind::Start, {program.name});
  }
  // What a failed reload has left is done by the next one.
  send(Reload{++request_, settings_, programs_});
  const MonoTime end = now_ + 400s;  // longer than any back-off, retry, roll and settling
  std::size_t acts = 0;
  bool settled = false;
  while (good() && now_ < end && !truth().finish) {
    // No process acts after Finish, which may come in the middle of this with a deadline of 0 s.
    while (good() && !truth().finish && behave_well()) {
      if (++acts > 10'000) return fail("it never comes to rest");
    }
    // A program that only a command starts may have waited for a reload before that.
    if (!settled && good() && !truth().finish && !fleet_.view().reloading) {
      settled = true;
      for (const config::Program& program : programs_) {
        if (!program.autostart) command(CommandKind::Start, {program.name});
      }
    }
    for (const auto& [id, worker] : std::map<ProcessId, Worker>(truth().live)) {
      if (!worker.ready) continue;
      for (const Notice beat : {Notice::Watchdog, Notice::Scraped, Notice::Probed})
        send(Notified{id, beat});
    }
    const MonoTime next = now_ + 2s;
    advance(truth().armed && *truth().armed < next ? *truth().armed - now_ : 2s);
  }
  // A run may have become due in the last moment.
  while (good() && !truth().finish && behave_well()) {
    if (++acts > 10'000) return fail("it never comes to rest");
  }
  if (good()) fail(checker_.check_view(now_));
  if (good()) fail(checker_.check_quiescent());
  if (good() && !truth().shutdown) change_all_files();
}

// Everything runs, or is done: whatever watches files is replaced when they change.
void World::change_all_files() {
  std::set<ProcessId> older;
  for (const auto& [id, worker] : truth().live) {
    const config::Program* program = fleet_.program(id.slot.program);
    if (program != nullptr && !program->watch.empty() && !config::is_scheduled(*program))
      older.insert(id);
  }
  for (const config::Program& program : programs_)
    send(FilesChanged{program.name, "all"});
  const auto any_older = [&] {
    return std::any_of(older.begin(), older.end(),
                       [&](const ProcessId& id) { return truth().live.contains(id); });
  };
  const MonoTime end = now_ + 120s;
  while (good() && now_ < end && !truth().finish && any_older()) {
    while (good() && behave_well()) {
    }
    for (const auto& [id, worker] : std::map<ProcessId, Worker>(truth().live)) {
      if (!worker.ready) continue;
      for (const Notice beat : {Notice::Watchdog, Notice::Scraped, Notice::Probed})
        send(Notified{id, beat});
    }
    advance(1s);
  }
  if (any_older()) fail("its files have changed, and a process was not replaced");
}

}  // namespace

Outcome play(const Scenario& scenario, bool with_trace, Sabotage sabotage) {
  return World(scenario, with_trace, sabotage).run();
}

Scenario shrink(Scenario failing, Sabotage sabotage) {
  const auto fails = [&](const Scenario& scenario) {
    return !play(scenario, false, sabotage).problem.empty();
  };
  failing.ops.resize(std::min(failing.ops.size(), play(failing, false, sabotage).played));
  for (std::size_t size = std::max<std::size_t>(1, failing.ops.size() / 2);; size /= 2) {
    for (std::size_t at = 0; at < failing.ops.size();) {
      Scenario shorter = failing;
      const auto first = shorter.ops.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t left = shorter.ops.size() - at;
      shorter.ops.erase(first, first + static_cast<std::ptrdiff_t>(std::min(size, left)));
      if (fails(shorter)) {
        failing = std::move(shorter);
      } else {
        at += size;
      }
    }
    if (size <= 1) return failing;
  }
}

}  // namespace holdfast::supervisor::core::simulation
