// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/processes.hpp"

#include "common/os/proc.hpp"
#include "common/os/signal_mask.hpp"
#include "common/os/signal_name.hpp"

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <tuple>
#include <utility>

namespace holdfast::supervisor {

namespace {

constexpr int kMaxDepth = 64;  // of descendants whose notifications can be attributed
constexpr const char* kIgnoredEvent = "notification_ignored";
constexpr Duration kLastScrapeWithin = std::chrono::milliseconds(250);
constexpr Duration kRemainsInterval = std::chrono::milliseconds(100);
constexpr std::size_t kLastLines = 4096;  // all that is kept: the stacks of many threads

process::CgroupLimits limits_of(const config::Program& program) {
  return {program.memory_max, program.cpu_weight, program.pids_max};
}

// "SIGSEGV", "std::runtime_error", "exit 1"
std::string cause_of(const CrashReport& report) {
  const bool aborted = report.exit.signaled && report.exit.value == SIGABRT;
  if (!report.error_type.empty() && (aborted || !report.exit.signaled)) return report.error_type;
  return report.exit.signaled ? "SIG" + os::signal_name(report.exit.value)
                              : core::describe(report.exit);
}

std::string describe_oom_kills(std::uint64_t count, const std::string& whose) {
  return fmt::format("the kernel has killed {} of {} for lack of memory",
                     count == 1 ? "a process" : fmt::format("{} processes", count), whose);
}

}  // namespace

Processes::Processes(const Parts& parts, Spawner spawner, OnEvent on_event)
    : parts_(parts),
      on_event_(std::move(on_event)),
      spawner_(std::move(spawner)),
      prober_(parts.io, searcher_, spawner_),
      reaper_(
          parts.io,
          [this](pid_t pid) {
            return by_pid_.contains(pid) || prober_.started(pid) ||
                   (parts_.own_children != nullptr && parts_.own_children->may_contain(pid));
          },
          [this](pid_t, const core::ExitStatus&) { parts_.metrics.count_orphan(1); }),
      remains_timer_(parts.io) {
  last_lines_->io = &parts_.io;
  const SignalsBlocked inherited;  // by the thread: signals are the main loop's
  boost::asio::post(searcher_, [] {});
}

Processes::~Processes() {
  {
    const std::lock_guard lock(last_lines_->mutex);
    last_lines_->io = nullptr;
  }
  searcher_.join();  // what it does refers to us
}

Result<void> Processes::open(const sockets::RuntimeDir& runtime_dir) {
  HOLDFAST_TRY(process::Reaper::become_subreaper());
  for (const pid_t pid : process::list_children().value_or(std::vector<pid_t>{}))
    not_workers_.insert(pid);
  HOLDFAST_TRY_ASSIGN(
      notify_, sockets::NotifySockets::open(
                   parts_.io, runtime_dir.notify_socket(), runtime_dir.notify(),
                   [this](pid_t pid) { return find_notifier(pid); },
                   [this](const core::ProcessId& process, const sockets::NotifyMessage& message) {
                     on_notification(process, message);
                   },
                   [this](pid_t sender, const sockets::NotifyMessage& message) {
                     on_foreign_notification(sender, message);
                   }));
  return {};
}

std::optional<core::ProcessId> Processes::find(pid_t pid) const {
  const auto found = by_pid_.find(pid);
  if (found == by_pid_.end()) return std::nullopt;
  return found->second;
}

std::optional<core::ProcessId> Processes::find_ancestor(pid_t pid) const {
  // Each process that we start leads a session, which most descendants never leave.
  if (const pid_t session = ::getsid(pid); session > 0) {
    if (const auto leader = find(session)) return leader;
  }
  for (int depth = 0; depth < kMaxDepth && pid > 1; ++depth) {
    const auto stat = read_process_stat(pid);
    if (!stat) break;
    pid = stat->parent;
    if (const auto ancestor = find(pid)) return ancestor;
  }
  return std::nullopt;
}

std::optional<core::ProcessId> Processes::find_notifier(pid_t pid) const {
  if (const auto main = find(pid)) return main;
  const auto ancestor = find_ancestor(pid);
  if (!ancestor) return std::nullopt;
  const config::Program* program = parts_.fleet.program(ancestor->slot.program);
  const bool counts = program != nullptr && program->notify_access == config::NotifyAccess::All;
  return counts ? ancestor : std::nullopt;
}

void Processes::spawn(const core::Spawn& action) {
  const std::shared_ptr<const config::Program>& program = action.program;
  const std::string worker = fmt::format("{}.{}", program->name, action.process.slot.slot);
  auto cgroup = make_cgroup(*program, fmt::format("{}.{}", worker, action.process.incarnation));
  const Fd entrance = cgroup ? cgroup->entrance().value_or(Fd()) : Fd();
  auto spawned = launch(action, worker, entrance ? entrance.get() : -1);
  if (!spawned) {
    notify_->remove(action.process);
    fail_spawn(action.process, spawned.error().step, spawned.error().os_error);
    return;
  }
  const pid_t pid = spawned->launched.pid;
  Running running;
  running.cgroup = std::move(cgroup);
  running.program = program->name;
  running.worker = worker;
  running.own = spawned->own;
  running.has_socket = spawned->has_socket;
  running.started_at = parts_.clock.mono();
  running.in_flight = std::move(spawned->in_flight);
  running.scrape_last = !spawned->own && !spawned->metrics_url.empty();
  running.made_from = program;
  running.listeners = std::move(spawned->listeners);
  try {
    running.child = std::make_unique<process::Child>(
        parts_.io, std::move(spawned->launched),
        [this, process = action.process](const Result<core::ExitStatus>& status) {
          on_exit(process, status);
        },
        process::Child::AtExit::Hold);
  } catch (const boost::system::system_error& error) {
    // A process that cannot be watched must not run; the reaper collects it as an orphan.
    ::kill(-pid, SIGKILL);
    parts_.relay.remove(action.process);
    if (spawned->has_socket) spawner_.forget(worker, action.process.incarnation);
    notify_->remove(action.process);
    fail_spawn(action.process, "watch the process", error.code().value());
    return;
  }
  running_[action.process] = std::move(running);
  by_pid_[pid] = action.process;
  if (parts_.guardian) parts_.guardian->launched();

  parts_.telemetry.started({action.process, program->name, worker, pid, spawned->metrics_url,
                            program->metrics_interval, program->metrics_timeout, spawned->own});
  on_event_(core::Spawned{action.process, pid});
  probe_readiness(action.process);
}

void Processes::fail_spawn(const core::ProcessId& process, std::string step, int os_error) {
  parts_.crashes.never_started(process);
  on_event_(core::SpawnFailed{process, std::move(step), os_error});
}

tl::expected<Spawned, process::LaunchError> Processes::launch(const core::Spawn& action,
                                                              const std::string& worker,
                                                              int cgroup) {
  const config::Program& program = *action.program;
  if (!speaks_notify(program)) return spawner_.spawn(program, action, cgroup, {});
  const auto socket =
      spawner_.identity_of(program).and_then([&](const std::optional<process::Identity>& identity) {
        return notify_->add(action.process, worker, identity);
      });
  if (!socket) {
    return tl::unexpected(process::LaunchError{"notification socket", socket.error().os_error});
  }
  return spawner_.spawn(program, action, cgroup, socket->native());
}

ProbedWorker Processes::probed(const core::ProcessId& process, const Running& running) const {
  return {process, running.child->pid(), running.made_from,
          [this, process] { return is_alone(process); }};
}

// Whether it is the only process of its program.
bool Processes::is_alone(const core::ProcessId& process) const {
  return std::none_of(running_.begin(), running_.end(), [&](const auto& entry) {
    return entry.first != process && entry.first.slot.program == process.slot.program;
  });
}

void Processes::probe_readiness(const core::ProcessId& process) {
  Running& running = running_.at(process);
  const config::Program& program = *running.made_from;
  if (program.ready != config::ReadyKind::Probe || program.type != config::ProgramType::Service)
    return;
  running.probe = std::make_unique<ReadinessProbe>(
      parts_.io,
      [this, worker = probed(process, running)](OnAnswer on_answer) {
        return prober_.ask_ready(worker, std::move(on_answer));
      },
      program.ready_interval,
      [this, process] {
        on_event_(core::Notified{process, core::Notice::Ready});
      },
      [this, process](std::string reason) {
        on_event_(core::NotReadyBecause{process, std::move(reason)});
      });
}

void Processes::check_health(const core::CheckHealth& action) {
  const auto it = running_.find(action.process);
  if (it == running_.end() || it->second.exit) return;
  it->second.health = prober_.ask_health(probed(action.process, it->second), *action.program,
                                         [this, process = action.process](ProbeAnswer answer) {
                                           on_health(process, std::move(answer));
                                         });
}

void Processes::on_health(const core::ProcessId& process, ProbeAnswer answer) {
  using Outcome = core::HealthChecked::Outcome;
  if (answer.answered) on_event_(core::Notified{process, core::Notice::Probed});
  Outcome outcome = Outcome::Well;
  if (answer.outcome == ProbeAnswer::Outcome::No) outcome = Outcome::Unwell;
  if (answer.outcome == ProbeAnswer::Outcome::Other) outcome = Outcome::Unknown;
  if (const config::Program* program = parts_.fleet.program(process.slot.program)) {
    parts_.metrics.count_health_check(program->name, outcome == Outcome::Well     ? "success"
                                                     : outcome == Outcome::Unwell ? "failure"
                                                                                  : "unknown");
  }
  on_event_(core::HealthChecked{process, outcome, std::move(answer.reason)});
}

void Processes::signal(const core::Signal& action) {
  const auto it = running_.find(action.process);
  if (it == running_.end()) return;
  if (action.signal == SIGKILL) it->second.sent_kill = true;
  // Besides the signals below: nothing can fork faster than this.
  if (action.signal == SIGKILL && action.group && it->second.cgroup &&
      ends_descendants(action.process)) {
    std::ignore = it->second.cgroup->kill();
  }
  if (it->second.exit) {
    if (!action.group) return;
    it->second.killed = it->second.killed || action.signal == SIGKILL;
    for (const process::Remain& remain : it->second.remains)
      process::send_signal(remain, action.signal);
    return;
  }
  if (action.signal == SIGKILL) it->second.after_scrape.reset();
  if (action.scrape_first && it->second.scrape_last) {
    signal_after_scrape(action, it->second);
  } else {
    send(action, it->second);
  }
}

void Processes::send(const core::Signal& action, const Running& running) {
  if (const auto sent = running.child->signal(action.signal, action.group); !sent) {
    parts_.log.warn("a signal could not be sent",
                    {{"target", running.worker},
                     {"signal", static_cast<std::int64_t>(action.signal)},
                     {"error", sent.error().message}});
  }
}

// Foreign programs do not wait for their last scrape after they have drained, as ours do. Whatever
// comes first sends the signal: the answer, or the timer if the exporter or its thread hangs.
void Processes::signal_after_scrape(const core::Signal& action, Running& running) {
  const auto send_now = [this, process = action.process] {
    const auto it = running_.find(process);
    if (it == running_.end() || it->second.exit || !it->second.after_scrape) return;
    const core::Signal signal = *std::exchange(it->second.after_scrape, std::nullopt);
    it->second.scrape_timer.reset();
    send(signal, it->second);
  };
  running.after_scrape = action;
  running.scrape_timer = std::make_unique<boost::asio::steady_timer>(parts_.io, kLastScrapeWithin);
  running.scrape_timer->async_wait([send_now](const boost::system::error_code& error) {
    if (!error) send_now();
  });
  parts_.telemetry.stopping(action.process,
                            [send_now, &io = parts_.io, alive = std::weak_ptr<char>(alive_)] {
                              boost::asio::post(io, [send_now, alive] {
                                if (!alive.expired()) send_now();
                              });
                            });
}

bool Processes::ends_descendants(const core::ProcessId& process) const {
  const config::Program* program = parts_.fleet.program(process.slot.program);
  return program == nullptr || !program->keep_descendants;
}

std::optional<process::Cgroup> Processes::make_cgroup(const config::Program& program,
                                                      const std::string& name) {
  if (!parts_.cgroups.delegated()) return {};
  auto made = parts_.cgroups.make(name);
  Result<void> applied;
  if (made) applied = made->apply(limits_of(program));
  if (made && applied) return std::move(*made);
  parts_.log.warn("a worker starts without its own cgroup or its limits",
                  {{"target", name}, {"error", (made ? applied.error() : made.error()).message}});
  if (made) return std::move(*made);
  return {};
}

void Processes::apply_limits() {
  for (const auto& [process, running] : running_) {
    const config::Program* program = parts_.fleet.program(process.slot.program);
    if (program == nullptr || !running.cgroup) continue;
    if (const auto applied = running.cgroup->apply(limits_of(*program)); !applied) {
      parts_.log.warn("the limits of a cgroup could not be changed",
                      {{"target", running.worker}, {"error", applied.error().message}});
    }
  }
}

// Of a process that has got SIGKILL, and not from us: whether the kernel has killed in its group
// for lack of memory. The news of a kill may have been seen a moment before the exit that it led
// to.
bool Processes::out_of_memory(const Running& running) const {
  if (!parts_.cgroups.enforces("memory")) return own_group_.lately();
  return running.cgroup && running.cgroup->oom_kills() > running.oom_kills_before;
}

void Processes::watch_for_oom_kills() {
  if (!parts_.cgroups.enforces("memory")) {
    // Whose process it was is not known; of a worker's own end, its last exit tells.
    if (const std::uint64_t fresh = own_group_.look(); fresh > 0)
      tell("oom_kill", {}, {}, describe_oom_kills(fresh, "the stack") + ": its cgroup is full");
    return;
  }
  for (auto& [process, running] : running_) {
    if (!running.cgroup || running.exit) continue;
    const std::uint64_t kills = running.cgroup->oom_kills();
    running.oom_kills_before = running.oom_kills;
    if (kills <= running.oom_kills) continue;
    const std::uint64_t fresh = kills - std::exchange(running.oom_kills, kills);
    tell("oom_kill", process, running, describe_oom_kills(fresh, running.worker));
  }
}

void Processes::tell(std::string kind, const core::ProcessId& process, const Running& running,
                     std::string message) {
  parts_.log.warn(message, {{"event", kind}, {"target", running.worker}});
  EventRecord record;
  record.time = parts_.clock.wall();
  record.kind = std::move(kind);
  record.program = running.program;
  record.worker = running.worker;
  record.incarnation = process.incarnation;
  record.message = std::move(message);
  parts_.events.append(std::move(record));
}

void Processes::on_exit(const core::ProcessId& process, const Result<core::ExitStatus>& status) {
  // Its last notifications are in the socket by now, and its pid is not reused yet.
  notify_->drain_now(process);
  const auto it = running_.find(process);
  if (it == running_.end()) return;
  core::ExitStatus exit;
  if (status) {
    exit = *status;
  } else {
    parts_.log.error("an exit status was lost",
                     {{"target", it->second.worker}, {"error", status.error().message}});
    exit = core::ExitStatus{true, SIGKILL, false};
  }
  if (exit.signaled && exit.value == SIGKILL && !it->second.sent_kill)
    exit.out_of_memory = out_of_memory(it->second);
  it->second.exit = exit;
  note_end(process, it->second);
  it->second.probe.reset();
  it->second.health.reset();
  if (may_have_left_something()) {
    search(process);
  } else {
    conclude(process);
  }
}

void Processes::note_end(const core::ProcessId& process, Running& running) {
  const config::Program& program = *running.made_from;
  ProcessEnd end;
  end.program = running.program;
  end.worker = running.worker;
  end.own = running.own;
  end.pid = running.child->pid();
  end.exit = *running.exit;
  end.started_at = running.started_at;
  end.in_flight = std::move(running.in_flight);
  end.executable = std::filesystem::path(program.command.front()).filename().native();
  end.directory = program.directory.native();
  parts_.crashes.ended(process, std::move(end));
}

// Reads what the process has left in its pipes; a grandchild may hold them open, so there may be no
// end. `and_remove`: nothing of it is left that could write more.
void Processes::read_last_lines(const core::ProcessId& process, bool and_remove) {
  parts_.relay.after_drain(process, kLastLines,
                           [this, process, and_remove, &relay = parts_.relay, inbox = last_lines_,
                            alive = std::weak_ptr<char>(alive_)](std::vector<std::string> lines) {
                             if (and_remove) relay.remove(process);
                             const std::lock_guard lock(inbox->mutex);
                             if (inbox->io == nullptr) return;
                             inbox->of.emplace_back(process, std::move(lines));
                             boost::asio::post(*inbox->io, [this, alive] {
                               if (!alive.expired()) take_last_lines();
                             });
                           });
}

void Processes::take_last_lines() {
  std::vector<std::pair<core::ProcessId, std::vector<std::string>>> taken;
  {
    const std::lock_guard lock(last_lines_->mutex);
    taken.swap(last_lines_->of);
  }
  for (const auto& [process, lines] : taken) {
    const CrashReportPtr report = parts_.crashes.drained(process, lines);
    if (report && !report->stack.empty()) tell_of_stack(*report);
  }
}

void Processes::tell_of_stack(const CrashReport& report) {
  EventRecord record;
  record.time = parts_.clock.wall();
  record.kind = "crash_stack";
  record.program = report.program;
  record.worker = report.worker;
  record.incarnation = report.incarnation;
  record.message = fmt::format("{} (incarnation {}) died of {} in {}", report.worker,
                               report.incarnation, cause_of(report), report.stack.front());
  record.stack = report.stack;
  record.crash = report.id;
  parts_.events.append(std::move(record));
}

void Processes::finish_crash_reports() {
  take_last_lines();
  for (const core::ProcessId& process : parts_.crashes.waiting())
    parts_.crashes.drained(process, parts_.relay.tail(process, kLastLines));
}

// Every descendant of a worker that outlived its parent is our child now.
bool Processes::may_have_left_something() const {
  const auto children = process::list_children();
  if (!children) return true;
  return std::any_of(children->begin(), children->end(), [this](pid_t pid) {
    return !by_pid_.contains(pid) && !prober_.started(pid) && !not_workers_.contains(pid) &&
           !is_guardian(pid);
  });
}

void Processes::search(const core::ProcessId& process) {
  Running& running = running_.at(process);
  if (running.searching) return;
  running.searching = true;
  process::RemainsQuery query;
  query.group = running.child->pid();
  query.group_is_held = !running.child->reaped();
  if (ends_descendants(process)) {
    query.identity = spawner_.identity(running.worker, process.incarnation);
    if (running.cgroup) query.members = running.cgroup->processes();
  }
  boost::asio::post(searcher_, [this, process, query = std::move(query), &io = parts_.io,
                                alive = std::weak_ptr<char>(alive_)] {
    auto found = process::find_remains(query);
    boost::asio::post(io, [this, process, alive, found = std::move(found)]() mutable {
      if (!alive.expired()) on_found(process, std::move(found));
    });
  });
}

void Processes::on_found(const core::ProcessId& process, std::vector<process::Remain> found) {
  const auto it = running_.find(process);
  if (it == running_.end()) return;
  Running& running = it->second;
  running.searching = false;
  if (found.empty()) return conclude(process);
  running.remains = std::move(found);
  if (running.killed) {
    for (const process::Remain& remain : running.remains)
      process::send_signal(remain, SIGKILL);
  }
  unfinished_.insert(process);
  check_remains_later();
  if (running.told) return;
  running.told = true;
  by_pid_.erase(running.child->pid());
  running.child->reap();
  std::string names;
  for (const process::Remain& remain : running.remains)
    names += fmt::format("{}{} (pid {})", names.empty() ? "" : ", ", remain.name, remain.pid);
  parts_.log.info("a worker has left processes behind",
                  {{"target", running.worker}, {"processes", names}});
  read_last_lines(process, false);
  on_event_(
      core::Exited{process, *running.exit, static_cast<std::uint32_t>(running.remains.size())});
}

void Processes::check_remains(const core::ProcessId& process) {
  const Running& running = running_.at(process);
  if (!running.searching &&
      std::none_of(running.remains.begin(), running.remains.end(), process::is_alive)) {
    search(process);  // what they have forked meanwhile
  }
}

void Processes::check_remains_later() {
  if (timer_armed_) return;
  timer_armed_ = true;
  remains_timer_.expires_after(kRemainsInterval);
  remains_timer_.async_wait([this](boost::system::error_code error) {
    if (error) return;
    timer_armed_ = false;
    for (const core::ProcessId& process : unfinished_)
      check_remains(process);
    if (!unfinished_.empty()) check_remains_later();
  });
}

void Processes::reap_orphans() {
  reaper_.reap();
  for (const core::ProcessId& process : unfinished_)
    check_remains(process);
}

// Nothing of the worker is left.
void Processes::conclude(const core::ProcessId& process) {
  const auto it = running_.find(process);
  const core::ExitStatus exit = *it->second.exit;
  const bool told = it->second.told;
  it->second.child->reap();
  unfinished_.erase(process);
  if (!told) by_pid_.erase(it->second.child->pid());
  if (it->second.has_socket) spawner_.forget(it->second.worker, process.incarnation);
  notify_->remove(process);
  running_.erase(it);
  parts_.telemetry.exited(process);
  read_last_lines(process, true);
  if (told) {
    on_event_(core::LeftoversGone{process});
  } else {
    on_event_(core::Exited{process, exit});
  }
}

void Processes::on_notification(const core::ProcessId& process,
                                const sockets::NotifyMessage& message) {
  if (message.status) on_event_(core::StatusText{process, *message.status});
  if (message.ready) on_event_(core::Notified{process, core::Notice::Ready});
  if (message.watchdog) on_event_(core::Notified{process, core::Notice::Watchdog});
  if (message.watchdog_trigger) on_event_(core::Notified{process, core::Notice::WatchdogTrigger});
  if (message.stopping) on_event_(core::Notified{process, core::Notice::Stopping});
  // After the others: it is about the phase that they lead to.
  if (message.extend) on_event_(core::TimeoutExtended{process, *message.extend});
  if (message.drained) parts_.telemetry.drained(process);
}

// Said once for each worker: a child may repeat it, and what it takes to accept it is the same.
void Processes::on_foreign_notification(pid_t sender, const sockets::NotifyMessage& message) {
  if (!message.ready) return;
  const auto owner = find_ancestor(sender);
  const auto it = owner ? running_.find(*owner) : running_.end();
  if (it == running_.end() || std::exchange(it->second.child_refused, true)) return;
  const auto stat = read_process_stat(sender);
  const std::string name = stat ? stat->name : "a process that has ended";
  const std::string reason = fmt::format(
      "READY=1 came from its child '{}' (pid {}) and was ignored; notify_access = \"all\" in "
      "[program.{}] accepts it",
      name, sender, it->second.program);
  parts_.log.warn(fmt::format("{}: {}", it->second.worker, reason),
                  {{"event", kIgnoredEvent}, {"target", it->second.worker}});
  EventRecord record;
  record.time = parts_.clock.wall();
  record.kind = kIgnoredEvent;
  record.program = it->second.program;
  record.worker = it->second.worker;
  record.incarnation = owner->incarnation;
  record.message = fmt::format("{}: {}", it->second.worker, reason);
  parts_.events.append(std::move(record));
  on_event_(core::NotReadyBecause{*owner, reason});
}

}  // namespace holdfast::supervisor
