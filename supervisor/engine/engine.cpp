// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/engine.hpp"

#include "common/config/load.hpp"
#include "common/config/reload.hpp"
#include "common/config/store_text.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/file.hpp"
#include "supervisor/engine/worker_user.hpp"

#include <boost/asio/post.hpp>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;

// The seed of the back-off's jitter.
std::uint64_t seed_from(const Clock& clock) {
  return static_cast<std::uint64_t>(clock.wall().time_since_epoch().count()) ^
         static_cast<std::uint64_t>(::getpid());
}

bool any_other_user(const config::Config& config) {
  return std::any_of(config.programs.begin(), config.programs.end(),
                     [](const config::Program& program) { return !program.user.empty(); });
}

std::string value_of(const Environ& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string absolute_source(const std::filesystem::path& file) {
  return file.empty() ? std::string() : absolute_path(file).native();
}

KernelLimits kernel_limits(const process::Cgroups& cgroups) {
  return {cgroups.delegated(), cgroups.controllers(), cgroups.why_not()};
}

template <class... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <class... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;

}  // namespace

Engine::Engine(const EngineParts& parts, config::Config config, PreparedPrograms prepared,
               Environ own_environ, bool is_pid1)
    : parts_(parts),
      config_(std::move(config)),
      environ_(std::move(own_environ)),
      fleet_(config_.supervisor, config_.programs, seed_from(parts.clock), is_pid1),
      crashes_(parts.clock, parts.crash_observers),
      processes_(
          {parts.io, parts.clock, parts.log, fleet_, parts.relay, parts.telemetry, parts.events,
           parts.metrics, parts.cgroups, crashes_, parts.guardian, parts.own_children},
          Spawner(parts.listeners, parts.relay, parts.runtime_dir, environ_, parts.instance,
                  std::move(prepared), absolute_source(config_.source)),
          [this](core::Event event) { feed(std::move(event)); }),
      service_manager_(
          notify::Notifier::from_environment(environ_, ::getpid()).value_or(notify::Notifier())),
      reporter_(parts.clock, parts.log, parts.events, parts.metrics, &crashes_),
      runtime_watch_(parts.runtime_dir, processes_, parts.telemetry, reporter_),
      listener_watch_(parts.listeners, reporter_, parts.metrics,
                      [this](const std::string& listener) { restart_users_of(listener); }),
      announcer_(parts.log, reporter_),
      publisher_(
          parts.io, parts.clock, fleet_, parts.snapshots, [this] { return listener_addresses(); },
          [this](const FleetSnapshot& snapshot) {
            service_manager_.fleet_changed(snapshot.view);
            announcer_.fleet_changed(snapshot,
                                     config_.environment == config::Environment::Development);
          }),
      schedules_(parts.clock, parts.log, config_.supervisor.state_dir, value_of(environ_, "TZ"),
                 [this](core::Event event) { feed(std::move(event)); }),
      watches_(parts.io, watch::user_ignore_file(environ_), reporter_, publisher_,
               [this](core::Event event) { feed(std::move(event)); }),
      log_levels_(parts.log, parts.relay, processes_),
      core_timer_(parts.io),
      second_timer_(parts.io) {}

Result<void> Engine::open() {
  announce_metrics();
  HOLDFAST_TRY(processes_.open(parts_.runtime_dir));
  HOLDFAST_TRY_ASSIGN(signals_, process::SignalSource::open(
                                    parts_.io, [this](int signal, pid_t) { on_signal(signal); }));
  publisher_.store(config::store_text(config_));
  publisher_.start(kernel_limits(parts_.cgroups));
  return apply_socket_permissions();
}

int Engine::run() {
  const MonoTime now = parts_.clock.mono();
  announcer_.start(now);
  next_second_ = now;
  on_second();
  feeding_ = true;  // events made by the first actions wait until all of them are performed
  for (const core::Action& action : fleet_.begin(now))
    perform(action);
  feeding_ = false;
  feed(core::Tick{});
  watches_.use(config_, may_watch());
  parts_.io.run();
  processes_.finish_crash_reports();
  return exit_code_.value_or(exit_code::kSoftware);
}

void Engine::feed(core::Event event) {
  queue_.push_back(std::move(event));
  if (feeding_) return;  // performing an action made a new event: the outer call takes it
  feeding_ = true;
  while (!queue_.empty()) {
    const core::Event next = std::move(queue_.front());
    queue_.pop_front();
    for (const core::Action& action : fleet_.step(next, parts_.clock.mono()))
      perform(action);
  }
  feeding_ = false;
  publisher_.publish();
}

void Engine::perform(const core::Action& action) {
  std::visit(Overloaded{
                 [this](const core::Spawn& spawn) {
                   runtime_watch_.check_before_launch();
                   processes_.spawn(spawn);
                 },
                 [this](const core::Signal& signal) { processes_.signal(signal); },
                 [this](const core::CheckHealth& check) { processes_.check_health(check); },
                 [this](const core::ArmTimer& timer) { arm_timer(timer.at); },
                 [this](const core::PlanRun& request) { schedules_.plan(request, config_); },
                 [this](const core::Report& report) { reporter_.report(report); },
                 [this](const core::Accepted& accepted) {
                   publisher_.publish_if_changed();
                   requests_.accepted(accepted);
                 },
                 [this](const core::Reply& reply) {
                   publisher_.publish_if_changed();
                   requests_.over(reply);
                 },
                 [this](const core::BeginDrain&) { begin_drain(); },
                 [this](const core::Finish& finish) {
                   exit_code_ = finish.exit_code;
                   parts_.io.stop();
                 },
             },
             action);
}

void Engine::arm_timer(MonoTime at) {
  core_timer_.expires_at(at);
  core_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed(core::Tick{});
  });
}

void Engine::begin_drain() {
  publisher_.publish_now();
  watches_.use(config_, false);
  service_manager_.stopping();
  // The supervisor's own descriptors would keep the listeners open after the last worker has
  // exited: clients could still connect, only to be reset at the supervisor's exit. Closed here,
  // connections are refused as soon as that worker is gone.
  parts_.listeners.close_opened();
}

void Engine::on_second() {
  const MonoTime now = parts_.clock.mono();
  parts_.metrics.observe_loop_lag(std::max(Duration::zero(), now - next_second_));
  parts_.heartbeat.stamp(now);
  service_manager_.feed_watchdog(now);
  runtime_watch_.check();
  check_listeners(now);
  processes_.watch_for_oom_kills();
  const sockets::NotifyCounters notifications = processes_.notify_counters();
  parts_.metrics.set_ignored_notifications("foreign", notifications.foreign);
  parts_.metrics.set_ignored_notifications("garbage", notifications.garbage);
  schedules_.check_clock();
  next_second_ = now + 1s;
  second_timer_.expires_at(next_second_);
  second_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) on_second();
  });
}

void Engine::check_listeners(MonoTime now) {
  if (fleet_.view().draining || !listener_watch_.check(now)) return;
  publisher_.listener_troubles(listener_watch_.troubles());
  publisher_.publish_now();
}

void Engine::restart_users_of(const std::string& listener) {
  core::Command command;
  command.kind = core::CommandKind::Restart;
  for (const config::Program& program : config_.programs) {
    const auto& sockets = program.sockets;
    if (std::find(sockets.begin(), sockets.end(), listener) != sockets.end())
      command.targets.push_back(program.name);
  }
  if (command.targets.empty()) return;
  command.request = requests_.add([](const Outcome&) {}, Answer::WhenDone);
  feed(std::move(command));
}

void Engine::on_signal(int signal) {
  switch (signal) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT: feed(core::ShutdownRequested{signal}); return;
    case SIGHUP: apply_reload(Answer::WhenDone, [](const Outcome&) {}); return;
    case SIGUSR1: parts_.relay.reopen(); return;
    case SIGCHLD: processes_.reap_orphans(); return;
    default: parts_.log.info(fmt::format("ignored signal {}", signal)); return;
  }
}

void Engine::ready_line_seen(const core::ProcessId& process) {
  boost::asio::post(parts_.io, [this, process] {
    feed(core::Notified{process, core::Notice::Ready});
  });
}

void Engine::scraped(std::vector<core::ProcessId> workers) {
  boost::asio::post(parts_.io, [this, workers = std::move(workers)] {
    for (const core::ProcessId& process : workers) {
      const config::Program* program = fleet_.program(process.slot.program);
      if (program == nullptr || program->watchdog_source != config::WatchdogSource::Metrics)
        continue;
      feed(core::Notified{process, core::Notice::Scraped});
    }
  });
}

void Engine::memory_used(const core::ProcessId& process, std::uint64_t bytes) {
  boost::asio::post(parts_.io, [this, process, bytes] { feed(core::MemoryUsed{process, bytes}); });
}

void Engine::log_file_changed(const std::string& program, const std::string& message) {
  boost::asio::post(parts_.io, [this, text = fmt::format("{}: {}", program, message)] {
    reporter_.record("log_file", text, log::Level::Warn);
  });
}

void Engine::command(core::Command command, Answer answer, Done done) {
  boost::asio::post(parts_.io,
                    [this, command = std::move(command), answer, done = std::move(done)]() mutable {
                      command.request = requests_.add(std::move(done), answer);
                      feed(std::move(command));
                    });
}

void Engine::reload(Answer answer, Done done) {
  boost::asio::post(parts_.io, [this, answer, done = std::move(done)]() mutable {
    apply_reload(answer, std::move(done));
  });
}

void Engine::choose_log_level(std::vector<std::string> names, std::optional<log::Level> level,
                              Done done) {
  boost::asio::post(parts_.io, [this, names = std::move(names), level, done = std::move(done)] {
    const auto chosen = log_levels_.choose(names, level, fleet_.view(), config_.log.level);
    if (!chosen) return done({false, chosen.error().message});
    reporter_.record("log_level", *chosen, log::Level::Info);
    publisher_.log_levels(log_levels_.chosen());
    publisher_.publish_now();
    done({true, *chosen});
  });
}

void Engine::preview(config::SourceFiles files, PreviewDone done) {
  boost::asio::post(parts_.io, [this, files = std::move(files), done = std::move(done)] {
    done(preview_of(files));
  });
}

// Here and not where the files are: this process has the variables that a reload would use.
FleetControl::Preview Engine::preview_of(const config::SourceFiles& files) const {
  auto loaded = config::load_files(files, environ_);
  if (!loaded) return {config::format(loaded.error()), {}};
  assign_worker_user(loaded->config);
  // Only the env_files that are in use are read: who may ask what would change may not learn what
  // is in any other file.
  for (config::Program& program : loaded->config.programs) {
    const auto running =
        std::find_if(config_.programs.begin(), config_.programs.end(),
                     [&](const config::Program& other) { return other.name == program.name; });
    if (running == config_.programs.end() || program.env_file.empty() ||
        running->env_file != program.env_file) {
      continue;
    }
    if (auto values = env_file_values(program, environ_)) {
      program.env_file_values = std::move(*values);
    } else {
      return {fmt::format("[program.{}] env_file: {}", program.name, values.error().message), {}};
    }
  }
  return {{}, config::compare(config_, loaded->config)};
}

// Everything is read and checked before anything is touched: after an error all runs on as before.
void Engine::apply_reload(Answer answer, Done done) {
  if (fleet_.view().draining) {
    parts_.log.info("ignored a reload: shutting down");
    return done({false, "shutting down"});
  }
  const auto refuse = [&](const std::string& why) {
    publisher_.reload_failed("the file was refused: " + why);
    reporter_.record("reload_failed",
                     "the new configuration was refused, the old one stays in force: " + why,
                     log::Level::Error);
    publisher_.publish_now();
    done({false, why});
  };

  // Without a file at the start, the default one may have appeared since.
  std::optional<std::filesystem::path> file;
  if (!config_.source.empty()) file = config_.source;
  file = config::find_file(file, environ_);
  auto loaded = config::load(file, environ_);
  if (!loaded) return refuse(config::format(loaded.error()));
  if (const auto user = assign_worker_user(loaded->config); !user.warning.empty())
    parts_.log.warn(user.warning);
  PreparedPrograms prepared = prepare_programs(loaded->config, environ_);
  if (!prepared.problems.empty()) {
    return refuse(fmt::format("{}", fmt::join(prepared.problems, "\n")));
  }
  if (const auto changed = parts_.listeners.apply(loaded->config.listen); !changed) {
    return refuse(changed.error().message);
  }

  const std::vector<std::string> later = config::keys_for_next_start(config_, loaded->config);
  std::vector<std::string> others = config::live_changes(config_, loaded->config);

  service_manager_.reloading(parts_.clock.mono());
  config_ = std::move(loaded->config);
  processes_.use(std::move(prepared), absolute_source(config_.source));
  if (const auto applied = apply_socket_permissions(); !applied) {
    parts_.log.error(applied.error().message);
  }
  announce_metrics();
  if (parts_.on_config) parts_.on_config(config_);
  log_levels_.reset(config_.log.level);
  publisher_.log_levels({});
  publisher_.store(config::store_text(config_));
  use_redact_paths();

  const std::uint64_t request = requests_.add(
      std::move(done), answer, [this, later](Outcome& outcome) { reload_over(later, outcome); });
  feed(core::Reload{request, config_.supervisor, config_.programs, std::move(others)});
  watches_.use(config_, may_watch());
  processes_.apply_limits();
  service_manager_.reloaded();
  publisher_.publish_now();
}

void Engine::reload_over(const std::vector<std::string>& for_next_start, Outcome& outcome) {
  if (!for_next_start.empty()) {
    outcome.message += fmt::format("\n~ at the next start: {}", fmt::join(for_next_start, ", "));
  }
  processes_.apply_limits();
  processes_.forget_former_listeners();
  if (outcome.ok) {
    publisher_.reload_succeeded();
    reporter_.record("reloaded", outcome.message, log::Level::Info);
  } else {
    publisher_.reload_failed(outcome.message);
    reporter_.record("reload_failed", outcome.message, log::Level::Error);
  }
  publisher_.publish_now();
}

// The paths were checked with the rest of the configuration.
void Engine::use_redact_paths() {
  auto paths = log::RedactPaths::compile(config_.log.redact);
  if (!paths) return;
  const auto shared = std::make_shared<const log::RedactPaths>(std::move(*paths));
  parts_.log.set_redact(shared);
  parts_.relay.set_redact(shared);
}

void Engine::announce_metrics() {
  for (const config::Program& program : config_.programs) {
    parts_.metrics.announce(program.name);
    if (program.health.asks()) parts_.metrics.announce_health_checks(program.name);
  }
}

// The kernel vouches for each sender, so the modes may be wide; they are only if they need to be.
Result<void> Engine::apply_socket_permissions() {
  if (!any_other_user(config_)) return {};
  HOLDFAST_TRY(parts_.runtime_dir.let_others_pass());
  return processes_.let_others_notify();
}

bool Engine::may_watch() const {
  return parts_.watch || config_.environment == config::Environment::Development;
}

// Empty of listeners while stopping.
SnapshotPublisher::Listeners Engine::listener_addresses() const {
  SnapshotPublisher::Listeners result;
  for (const auto& [name, listen] : config_.listen) {
    if (parts_.listeners.find(name) >= 0) {
      result.emplace_back(name, parts_.listeners.address(name));
    }
  }
  if (!parts_.status_address.empty()) result.emplace_back("status", parts_.status_address);
  return result;
}

}  // namespace holdfast::supervisor
