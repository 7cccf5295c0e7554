// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/core/checker.hpp"

#include "common/config/replacement.hpp"
#include "common/os/exit_codes.hpp"
#include "tests/simulation/core/describe.hpp"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>
#include <csignal>

namespace holdfast::supervisor::core::simulation {

using namespace std::chrono_literals;

namespace {

// What counts as a heartbeat of the program.
bool is_beat(Notice notice, const config::Program* program) {
  if (program == nullptr) return false;
  switch (program->watchdog_source) {
    case config::WatchdogSource::Notify: return notice == Notice::Watchdog;
    case config::WatchdogSource::Metrics: return notice == Notice::Scraped;
    case config::WatchdogSource::Health: return notice == Notice::Probed;
  }
  return false;
}

}  // namespace

Checker::Checker(const Fleet& fleet, const config::Supervisor& supervisor,
                 const std::vector<config::Program>& programs)
    : fleet_(fleet) {
  truth_.programs = programs;
  truth_.max_starting = supervisor.max_starting;
  truth_.shutdown_deadline = supervisor.shutdown_deadline;
  for (const config::Program& program : programs)
    truth_.wanted[program.name] = program.replicas;
}

void Checker::wrong(std::string what) {
  if (problem_.empty()) problem_ = std::move(what);
}

void Checker::learn_program(std::uint32_t id) {
  if (const config::Program* program = fleet_.program(id)) {
    known_[id] = {program->name, program->after, program->groups};
  }
}

// A program of another type has taken its name; commands are about that one.
bool Checker::is_replaced(std::uint32_t program) {
  const FleetView& view = fleet_.view();
  return std::any_of(view.programs.begin(), view.programs.end(), [&](const ProgramView& other) {
    return other.id > program && other.config->name == known_[program].name;
  });
}

// Whether the slot is there to stay.
bool Checker::has_slot(const SlotId& slot) const {
  const FleetView view = fleet_.view();
  return std::any_of(view.programs.begin(), view.programs.end(), [&](const ProgramView& program) {
    return program.id == slot.program && slot.slot < program.wanted;
  });
}

// What the scenarios use of the names in commands.
bool Checker::names(const std::vector<std::string>& targets, const SlotId& slot) {
  const Known& program = known_[slot.program];
  const std::string worker = fmt::format("{}.{}", program.name, slot.slot);
  return std::any_of(targets.begin(), targets.end(), [&](const std::string& target) {
    if (target.starts_with("group:")) {
      return std::find(program.groups.begin(), program.groups.end(), target.substr(6)) !=
             program.groups.end();
    }
    const bool of_workers = target.find('.') != std::string::npos;
    if (of_workers && !has_slot(slot)) return false;
    const std::string& text = of_workers ? worker : program.name;
    return target == "all" || ::fnmatch(target.c_str(), text.c_str(), 0) == 0;
  });
}

void Checker::before(const Event& event, MonoTime now) {
  now_ = now;
  problem_.clear();
  reload_succeeded_ = false;
  was_finished_ = truth_.finish.has_value();
  was_reloading_ = applied_.has_value();
  if (std::holds_alternative<Command>(event) || std::holds_alternative<Reload>(event)) {
    starts_alone_.clear();
    replaced_.clear();  // a slot that is removed and added again is another one
  }
  late_tick_ = truth_.armed && now > *truth_.armed + 1s && std::holds_alternative<Tick>(event) &&
               !truth_.shutdown;
  if (const auto* command = std::get_if<Command>(&event)) {
    truth_.replies[command->request] = 0;
    asked_[command->request] = event;
    const std::string& first = command->targets.front();
    if (command->targets.size() > 1 || first == "all" || first.find_first_of("*:") != first.npos)
      open_batches_.insert(command->request);
    if (command->kind == CommandKind::Stop) {
      for (const auto& [id, worker] : truth_.live) {
        if (names(command->targets, id.slot) && fleet_.program(id.slot.program) != nullptr &&
            truth_.configured(known_[id.slot.program].name) != nullptr &&
            !is_replaced(id.slot.program))
          to_be_gone_[command->request].push_back(id);
      }
    }
  }
  note_causes_to_run(event);
  note_files(event);
  if (const auto* reload = std::get_if<Reload>(&event)) {
    truth_.replies[reload->request] = 0;
    asked_[reload->request] = event;
    note_what_gave_up(reload->request);
  }
  if (std::holds_alternative<ShutdownRequested>(event) && truth_.shutdown && !truth_.fast &&
      now >= *truth_.shutdown + std::chrono::seconds(1) && now < truth_.kill_at()) {
    truth_.fast = now;
  }
  const auto find = [&](const ProcessId& id) {
    const auto found = truth_.live.find(id);
    return found == truth_.live.end() ? nullptr : &found->second;
  };
  if (const auto* spawned = std::get_if<Spawned>(&event)) {
    if (Worker* worker = find(spawned->process); worker != nullptr && !worker->spawned) {
      worker->spawned = true;
      worker->pid = spawned->pid;
      worker->after_shutdown = truth_.shutdown.has_value();
    }
  }
  if (const auto* exited = std::get_if<Exited>(&event)) {
    Worker* worker = find(exited->process);
    if (worker != nullptr && exited->left > 0) {
      if (!worker->stop_requested) worker->stop_requested_at = now;
      worker->exited = worker->stop_requested = true;
      worker->ready = false;
    } else {
      end(exited->process);
    }
  }
  if (const auto* gone = std::get_if<LeftoversGone>(&event)) end(gone->process);
  if (const auto* failed = std::get_if<SpawnFailed>(&event)) {
    if (const Worker* worker = find(failed->process); worker != nullptr && !worker->spawned) {
      truth_.last_served.erase(failed->process.slot);
      truth_.live.erase(failed->process);
      truth_.ended.push_back(failed->process);
    }
  }
  if (const auto* extended = std::get_if<TimeoutExtended>(&event)) {
    if (Worker* worker = find(extended->process); worker != nullptr && worker->kills == 0) {
      worker->extended_until =
          std::max(worker->extended_until, now + std::min<Duration>(extended->by, 24h));
    }
  }
  if (const auto* checked = std::get_if<HealthChecked>(&event)) learn_health(*checked);
  if (const auto* notified = std::get_if<Notified>(&event)) {
    Worker* worker = find(notified->process);
    if (worker != nullptr &&
        is_beat(notified->notice, fleet_.program(notified->process.slot.program))) {
      worker->beats = true;
      if (worker->ready) worker->extended_until = {};
    }
    if (worker != nullptr && notified->notice == Notice::WatchdogTrigger) worker->said_hung = true;
    if (worker == nullptr || !worker->spawned || worker->stop_requested) return;
    const config::Program* program = fleet_.program(notified->process.slot.program);
    const bool service = program != nullptr && program->type == config::ProgramType::Service;
    if (service && notified->notice == Notice::Stopping) {
      worker->stop_requested = true;
      worker->ready = false;
      worker->extended_until = {};
      worker->stop_requested_at = now;
    }
  }
}

void Checker::end(const ProcessId& process) {
  const auto ended = truth_.live.find(process);
  if (ended == truth_.live.end()) return;
  // What is left of an old process may be gone after its successor has failed.
  const bool counts =
      ended->second.ready || truth_.incarnation.at(process.slot) == process.incarnation;
  if (ended->second.served && counts) {
    truth_.last_served.insert(process.slot);
  } else if (!ended->second.served) {
    truth_.last_served.erase(process.slot);
  }
  truth_.live.erase(ended);
  truth_.ended.push_back(process);
}

std::string Checker::after(const Event& event, const Actions& actions, MonoTime now) {
  now_ = now;
  event_ = &event;
  if (truth_.armed && *truth_.armed <= now) truth_.armed.reset();
  if (const auto* spawned = std::get_if<Spawned>(&event))
    learn_program(spawned->process.slot.program);
  bool first = true;
  for (const Action& action : actions) {
    if (std::holds_alternative<BeginDrain>(action)) {
      if (truth_.shutdown) wrong("drain began twice");
      if (!first && std::holds_alternative<ShutdownRequested>(event)) {
        wrong("something was done before the drain began");
      }
      truth_.shutdown = now;
    }
    on_action(action);
    first = false;
  }
  if (std::holds_alternative<ShutdownRequested>(event) && !truth_.shutdown && !was_finished_) {
    wrong("a shutdown was asked for and did not begin");
  }
  check_outcome();
  if (const auto* exited = std::get_if<Exited>(&event); exited != nullptr && exited->left > 0) {
    const auto worker = truth_.live.find(exited->process);
    if (worker != truth_.live.end() && worker->second.leftover_signals == 0 && !was_finished_) {
      wrong("what an exited process left behind was not asked to stop");
    }
  }
  if (const auto* used = std::get_if<MemoryUsed>(&event)) check_memory(*used, actions);
  check_newcomer(event);
  check_health(event);
  check_shutdown();
  return problem_;
}

void Checker::on_action(const Action& action) {
  if (was_finished_ && !std::holds_alternative<Reply>(action)) {
    wrong("something was done after Finish: " + describe(action));
  }
  if (const auto* spawn = std::get_if<Spawn>(&action)) on_spawn(*spawn);
  if (const auto* signal = std::get_if<Signal>(&action)) on_signal(*signal);
  if (const auto* check = std::get_if<CheckHealth>(&action)) on_check(*check);
  if (const auto* report = std::get_if<Report>(&action)) on_report(*report);
  if (const auto* accepted = std::get_if<Accepted>(&action)) on_accepted(*accepted);
  if (const auto* reply = std::get_if<Reply>(&action)) on_reply(*reply);
  if (const auto* timer = std::get_if<ArmTimer>(&action)) {
    if (timer->at <= now_) wrong("a timer was armed for a time that has passed: a spin");
    truth_.armed = timer->at;
  }
  if (const auto* finish = std::get_if<Finish>(&action)) {
    if (truth_.finish) wrong("Finish came twice");
    if (!truth_.shutdown) wrong("Finish came without a shutdown");
    truth_.finish = *finish;
    const int ordinary = truth_.forced || !truth_.live.empty() ? 1 : 0;
    const int expected = truth_.hopeless_exit ? 70 : ordinary;
    if (finish->exit_code != expected) {
      wrong(fmt::format("exit code {} where {} was due", finish->exit_code, expected));
    }
  }
}

// A program with a schedule runs at its time, because somebody asks for it, or as its restart
// policy has it; with run_at_start also when it is new.
void Checker::note_causes_to_run(const Event& event) {
  if (const auto* planned = std::get_if<RunPlanned>(&event))
    planned_[planned->program] = planned->at;
  for (const auto& [name, at] : planned_) {
    if (now_ >= at) may_run_.insert(name);
  }
  const auto allow = [&](const SlotId& slot) {
    const auto known = known_.find(slot.program);
    if (known != known_.end()) may_run_.insert(known->second.name);
  };
  if (const auto* command = std::get_if<Command>(&event)) {
    const bool runs = command->kind == CommandKind::Start || command->kind == CommandKind::Restart;
    for (const ProgramView& program : fleet_.view().programs) {
      learn_program(program.id);
      if (runs && names(command->targets, {program.id, 0})) may_run_.insert(program.config->name);
    }
  }
  if (const auto* exited = std::get_if<Exited>(&event)) allow(exited->process.slot);
  if (const auto* failed = std::get_if<SpawnFailed>(&event)) allow(failed->process.slot);
}

void Checker::on_spawn(const Spawn& spawn) {
  const ProcessId& id = spawn.process;
  const bool is_new = id.incarnation == 1;
  learn_program(id.slot.program);
  if (spawn.program != nullptr && config::is_scheduled(*spawn.program)) {
    const bool allowed = may_run_.erase(spawn.program->name) > 0;
    if (!allowed && !(is_new && spawn.program->run_at_start))
      wrong(spawn.program->name + " runs, and it is not its time");
  }
  if (spawn.program == nullptr) {
    wrong("a spawn from nothing");
  } else if (!applied_) {
    // Outside of a reload everything is made from what was accepted last.
    const config::Program* configured = fleet_.program(id.slot.program);
    // But for what had served, was stopped for a successor, and came back when that had failed.
    const bool came_back = configured != nullptr && !config::overlaps(*configured) &&
                           truth_.served_with[id.slot].contains(spawn.program->command[0]);
    if (configured != nullptr && configured->command != spawn.program->command && !came_back)
      wrong("a process that is made from an older configuration");
  }
  if (truth_.shutdown) wrong("a spawn after shutdown began: " + describe(Action(spawn)));
  std::uint64_t& last = truth_.incarnation[id.slot];
  if (id.incarnation <= last) wrong("an incarnation that is not above the last one");
  last = id.incarnation;
  int beside = 0;
  for (const auto& [other, worker] : truth_.live)
    beside += other.slot == id.slot ? 1 : 0;
  const config::Program* program = fleet_.program(id.slot.program);
  const bool overlaps = program != nullptr && config::overlaps(*program);
  const int allowed = truth_.rolling.contains(id.slot.program) && overlaps ? 1 : 0;
  if (beside > allowed) wrong(fmt::format("{} processes beside a new one", beside));
  const bool asked = std::holds_alternative<Command>(*event_);
  if (!asked && open_batches_.empty() && stopped_by_hand_.contains(id.slot))
    wrong("a change of files has started what a command had stopped");
  if (beside == 0 && !truth_.rolling.contains(id.slot.program)) count_restart(id.slot);
  Worker worker;
  if (spawn.program != nullptr) worker.command = spawn.program->command[0];
  worker.restart = beside == 0 && truth_.last_served.contains(id.slot);
  worker.max_starting = truth_.max_starting;
  truth_.live[id] = worker;
  // A reload may lower the limit below what is already in flight.
  std::uint32_t limit = 0;
  for (const auto& [other, in_flight] : truth_.live) {
    if (is_starting(other, in_flight)) limit = std::max(limit, in_flight.max_starting);
  }
  if (starting() > 2 * limit) {
    wrong(fmt::format("{} start at a time where twice {} may", starting(), limit));
  }
}

// Too much ends in a stop or in a roll, and nothing else does.
void Checker::check_memory(const MemoryUsed& used, const Actions& actions) {
  const config::Program* program = fleet_.program(used.process.slot.program);
  const auto worker = truth_.live.find(used.process);
  bool stopped = false;
  bool rolled = false;
  for (const Action& action : actions) {
    const auto* signal = std::get_if<Signal>(&action);
    stopped |= signal != nullptr && signal->process == used.process;
    const auto* report = std::get_if<Report>(&action);
    rolled |= report != nullptr && report->kind == EventKind::RollingStarted && !was_reloading_;
  }
  if (program == nullptr || worker == truth_.live.end()) {
    if (stopped || rolled) wrong("something is done for the memory of one that is gone");
    return;
  }
  const bool above_max = program->memory_max > 0 && used.bytes > program->memory_max;
  const bool above_high = program->memory_high > 0 && used.bytes > program->memory_high;
  if (above_max && worker->second.spawned && !worker->second.stop_requested && !was_finished_ &&
      !truth_.shutdown)
    wrong("one that uses more than memory_max goes on");
  if (stopped && !above_max && !above_high) wrong("one is stopped that uses little memory");
  if (!rolled) return;
  if (!above_high) wrong("a roll for one that uses little memory");
  const auto before = replaced_.find(used.process.slot);
  if (before != replaced_.end() && now_ < before->second + program->backoff_reset)
    wrong("replaced for its memory again too soon");
  replaced_[used.process.slot] = now_;
}

// The first start may be what somebody has asked for; all others are restarts.
void Checker::count_restart(const SlotId& slot) {
  std::vector<MonoTime>& starts = starts_alone_[slot];
  starts.push_back(now_);
  const config::Program* program = fleet_.program(slot.program);
  if (program == nullptr || program->max_restarts_per_hour == 0) return;
  if (config::is_scheduled(*program)) return;  // its runs are no restarts
  const auto recent =
      std::count_if(starts.begin(), starts.end(), [this](MonoTime at) { return at + 1h > now_; });
  if (recent > static_cast<std::ptrdiff_t>(program->max_restarts_per_hour) + 1)
    wrong(program->name + " was restarted more often in an hour than it may be");
}

void Checker::on_signal(const Signal& signal) {
  // One that was stopped by SIGSTOP could not print its stacks.
  if (aborted_ && (signal.signal != SIGCONT || signal.process != *aborted_))
    wrong("SIGABRT without the SIGCONT that makes it heard");
  aborted_.reset();
  const auto found = truth_.live.find(signal.process);
  if (found == truth_.live.end()) {
    wrong("a signal to a process that is gone: " + describe(Action(signal)));
    return;
  }
  Worker& worker = found->second;
  if (!worker.spawned) wrong("a signal to a process that is not there yet");
  if (worker.exited) {
    if (!signal.group) wrong("a signal to a process that has exited");
    ++worker.leftover_signals;
  }
  const int first_of_leftovers = worker.exited && worker.leftover_signals == 1 ? 1 : 0;
  if (worker.kills > first_of_leftovers) wrong("a signal after SIGKILL");
  if (signal.signal == SIGUSR1 || signal.signal == SIGUSR2) {
    check_told(signal, worker);
    return;
  }
  // A run whose time has come takes the place of the last one, however late the tick is.
  const config::Program* of = fleet_.program(signal.process.slot.program);
  const bool replaced =
      of != nullptr && config::is_scheduled(*of) && of->overlap == config::Overlap::Replace;
  // Nor does a roll blame anybody, whose next step may be due: min_ready_time has passed.
  const bool rolled = truth_.rolling.contains(signal.process.slot.program) &&
                      signal.signal != SIGABRT && signal.signal != SIGKILL;
  // And a command about several programs goes on to the next one.
  if (late_tick_ && !truth_.shutdown && !replaced && !rolled && open_batches_.empty() &&
      !restarts_for_files_)
    wrong("somebody was blamed for the supervisor's own lateness");
  if (signal.signal == SIGCONT) return;
  if (signal.signal == SIGKILL) {
    ++worker.kills;
    if (!signal.group) wrong("SIGKILL to the process alone");
    if (truth_.shutdown) truth_.forced = true;
    const bool time_up = truth_.shutdown && now_ >= truth_.kill_at();
    if (!time_up && !worker.stop_requested) wrong("SIGKILL to one that was never asked to stop");
    if (!time_up && now_ - worker.stop_requested_at < 1s)
      wrong("SIGKILL before any budget was spent");
    if (!time_up && worker.aborts == 0 && now_ < worker.extended_until)
      wrong("SIGKILL within the time that it had asked for");
  } else if (signal.signal == SIGABRT) {
    aborted_ = signal.process;
    if (++worker.aborts > 1 || worker.stop_requested)
      wrong("SIGABRT to one that was asked to stop before");
    const config::Program* program = fleet_.program(signal.process.slot.program);
    const bool unhealthy =
        program != nullptr && program->health.asks() && worker.misses >= program->health_failures;
    if (!worker.said_hung && !worker.beats && program != nullptr && !program->watchdog_required &&
        !unhealthy)
      wrong("SIGABRT for silence to one that never sent a heartbeat");
    if (!worker.said_hung && now_ < worker.extended_until)
      wrong("SIGABRT within the time that it had asked for");
  } else {
    if (++worker.stops > (worker.exited ? 2 : 1)) wrong("asked to stop twice");
    if (!worker.exited) check_stage(signal.process);
    if (worker.ready) check_proven(signal.process);
  }
  if (signal.signal != SIGKILL) worker.extended_until = {};
  if (!worker.stop_requested) worker.stop_requested_at = now_;
  worker.stop_requested = true;
  worker.ready = false;
}

// SIGUSR1 is what the scenarios send by command, SIGUSR2 their reload_signal.
void Checker::check_told(const Signal& signal, const Worker& worker) {
  const config::Program* program = fleet_.program(signal.process.slot.program);
  if (program == nullptr || worker.exited) return wrong("a signal to what is gone");
  if (signal.signal == SIGUSR1) {
    if (signal.group != (program->stop_scope == config::StopScope::Group))
      wrong("a person's signal that does not follow stop_scope");
    return;
  }
  if (signal.group) wrong("a reload signal to more than the process");
  if (!worker.ready || worker.stop_requested) wrong("a reload signal to one that is not ready");
  if (program->reload_signal != SIGUSR2) wrong("a reload signal that nobody has configured");
}

void Checker::on_report(const Report& report) {
  const std::uint32_t program = report.process.slot.program;
  if (program != 0) learn_program(program);
  if (report.kind == EventKind::FilesChanged) check_files(report);
  if (report.kind == EventKind::RollingStarted) truth_.rolling.insert(program);
  if (report.kind == EventKind::RollingDone || report.kind == EventKind::RollingAborted ||
      report.kind == EventKind::RollingSuperseded) {
    starts_alone_.clear();
    if (truth_.rolling.erase(program) == 0) wrong("a roll ended that had not begun");
  }
  if (report.kind == EventKind::Hopeless &&
      report.message.find("exit code 70") != std::string::npos) {
    truth_.hopeless_exit = true;
  }
  if (report.kind == EventKind::ReadyTimeout) {
    const auto found = truth_.live.find(report.process);
    if (found != truth_.live.end() && now_ < found->second.extended_until) {
      wrong("not ready in time, within the time that it had asked for");
    }
  }
  if (report.kind == EventKind::Ready) {
    const auto found = truth_.live.find(report.process);
    if (found == truth_.live.end() || !found->second.spawned) {
      wrong("ready, but not there");
    } else {
      found->second.ready = found->second.served = true;
      found->second.ready_at = now_;
      truth_.served_with[report.process.slot].insert(found->second.command);
      found->second.extended_until = {};
    }
  }
  if (report.message.empty()) wrong("a report that says nothing");
}

void Checker::on_reply(const Reply& reply) {
  const auto found = truth_.replies.find(reply.request);
  if (found == truth_.replies.end()) {
    wrong("a reply that nobody waits for");
    return;
  }
  open_batches_.erase(reply.request);
  if (++found->second > 1) wrong("two replies to one request");
  if (reply.message.empty()) wrong("a reply that says nothing");
  if (reply.ok && truth_.shutdown && now_ > *truth_.shutdown) wrong("a yes while shutting down");
  if (applied_ == reply.request) {
    applied_.reset();
    reload_succeeded_ = reply.ok;
  }
  if (reply.ok) check_stopped(reply.request);
  if (reply.ok) check_tried_again(reply.request);
  if (reply.ok) learn_from(reply.request);
  asked_.erase(reply.request);
}

// From then on it is what was asked for, whatever its outcome.
void Checker::on_accepted(const Accepted& accepted) {
  replaced_.clear();
  const auto asked = asked_.find(accepted.request);
  if (asked == asked_.end()) return;
  const bool reload = std::holds_alternative<Reload>(asked->second);
  if (reload && accepted.message == "waiting for the reload under way") {
    if (queued_) asked_.erase(*queued_);  // overtaken
    queued_ = accepted.request;
    return;
  }
  if (reload) applied_ = accepted.request;
  if (reload) late_tick_ = false;  // what it stops is stopped for it
  learn_from(accepted.request);
}

void Checker::check_stopped(std::uint64_t request) {
  const auto found = to_be_gone_.find(request);
  if (found == to_be_gone_.end()) return;
  for (const ProcessId& id : found->second) {
    if (truth_.live.contains(id)) wrong("a stop was answered while a process was left");
  }
}

// The slots that gave up because of their configuration, with the process that did.
void Checker::note_what_gave_up(std::uint64_t request) {
  for (const ProgramView& program : fleet_.view().programs) {
    if (config::is_scheduled(*program.config)) continue;
    for (const SlotView& slot : program.slots) {
      const bool refused = slot.state == SlotState::Failed && slot.last_exit &&
                           *slot.last_exit == ExitStatus{false, exit_code::kConfig, false, false};
      if (refused) gave_up_[request].push_back({slot.id, slot.incarnation});
    }
  }
}

// A reload that went well has mended them, or there is nothing left to mend.
void Checker::check_tried_again(std::uint64_t request) {
  const auto found = gave_up_.find(request);
  if (found == gave_up_.end()) return;
  for (const ProgramView& program : fleet_.view().programs) {
    if (program.rolling) continue;  // its turn in that comes
    for (const SlotView& slot : program.slots) {
      const ProcessId now{slot.id, slot.incarnation};
      const bool same =
          std::find(found->second.begin(), found->second.end(), now) != found->second.end();
      if (same && slot.state == SlotState::Failed)
        wrong(program.config->name + " was not tried again by a reload that went well");
    }
  }
}

// A reload that went well leaves nothing that is not as it was configured.
void Checker::check_outcome() {
  if (!reload_succeeded_ || applied_ || truth_.shutdown) return;
  for (const ProgramView& program : fleet_.view().programs) {
    // A slot that left the roll by a stop, and was started again, still has its old process.
    const bool leaving =
        std::any_of(program.slots.begin(), program.slots.end(),
                    [](const SlotView& slot) { return slot.state == SlotState::Stopping; });
    if (!program.differs.empty() && !program.rolling && !leaving)
      wrong(program.config->name + " differs after a reload that went well");
  }
}

void Checker::learn_from(std::uint64_t request) {
  const auto asked = asked_.find(request);
  if (asked == asked_.end()) return;
  if (const auto* command = std::get_if<Command>(&asked->second)) {
    if (command->kind == CommandKind::Scale)
      truth_.wanted[command->targets.front()] = command->count;
  }
  if (const auto* reload = std::get_if<Reload>(&asked->second)) {
    std::map<std::string, std::uint32_t> wanted;
    for (const config::Program& program : reload->programs) {
      const config::Program* before = truth_.configured(program.name);
      const bool same =
          before != nullptr && before->replicas == program.replicas && before->type == program.type;
      wanted[program.name] = same ? truth_.wanted[program.name] : program.replicas;
    }
    truth_.wanted = std::move(wanted);
    if (queued_ == request) queued_.reset();
    truth_.max_starting = reload->supervisor.max_starting;
    truth_.programs = reload->programs;
    for (auto& [id, known] : known_)
      learn_program(id);
  }
  asked_.erase(asked);
}

}  // namespace holdfast::supervisor::core::simulation
