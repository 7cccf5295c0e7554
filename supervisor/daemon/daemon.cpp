// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/daemon.hpp"

#include "common/base/version.hpp"
#include "common/command_line/output.hpp"
#include "common/config/shutdown_shares.hpp"
#include "common/log/redact_paths.hpp"
#include "common/net/listen.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/variables.hpp"
#include "supervisor/collector/settings.hpp"
#include "supervisor/daemon/alert_delivery.hpp"
#include "supervisor/daemon/alert_wiring.hpp"
#include "supervisor/daemon/stop_grace.hpp"
#include "supervisor/daemon/telemetry_thread.hpp"
#include "supervisor/daemon/watch_advice.hpp"
#include "supervisor/engine/engine.hpp"
#include "supervisor/engine/worker_user.hpp"
#include "supervisor/logs/background_sink.hpp"
#include "supervisor/logs/file_sink.hpp"
#include "supervisor/logs/priority_sink.hpp"
#include "supervisor/logs/stream_sink.hpp"
#include "supervisor/process/cgroup.hpp"
#include "supervisor/process/guardian_watch.hpp"
#include "supervisor/process/leftovers.hpp"
#include "supervisor/state/crash_store.hpp"
#include "supervisor/status/connection_room.hpp"

#include <fmt/ranges.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <mutex>

namespace holdfast::supervisor::daemon {

namespace {

using namespace std::chrono_literals;

// Why the supervisor cannot start, and the exit code that reports it.
struct StartError {
  int exit_code = 0;
  std::string message;
};
using Started = tl::expected<void, StartError>;

tl::unexpected<StartError> refuse(int exit_code, std::string message) {
  return tl::unexpected(StartError{exit_code, std::move(message)});
}

tl::unexpected<StartError> refuse(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Conflict:  // in use by another process
      return refuse(exit_code::kUnavailable, error.message);
    case ErrorKind::InvalidArgument: return refuse(exit_code::kConfig, error.message);
    default: return refuse(exit_code::kCantCreate, error.message);
  }
}

// Creates the directory, for our user and group alone, and checks that files can be created in it.
// The mode of one that exists is its owner's decision; the databases in it are private anyway.
Result<void> prepare_state_dir(const std::filesystem::path& given, const std::string& worker_user) {
  const auto path = given.has_filename() ? given : given.parent_path();  // "/var/lib/holdfast/"
  std::error_code error;
  const bool made = std::filesystem::create_directories(path, error);
  if (error) return fail_errno(error.value(), fmt::format("create state_dir '{}'", path.native()));
  if (made && ::chmod(path.c_str(), 0750) != 0)
    return fail_errno(errno, fmt::format("set the mode of state_dir '{}'", path.native()));
  if (::access(path.c_str(), W_OK | X_OK) != 0) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("state_dir '{}' is not writable by this user; change its owner or set "
                            "[supervisor] state_dir",
                            path.native()));
  }
  return worker_user.empty() ? Result<void>() : give_state(path, made, worker_user);
}

Result<Endpoints> open_endpoints(const config::Supervisor& config,
                                 const sockets::RuntimeDir& runtime_dir) {
  Endpoints endpoints;
  if (!config.status_listen.empty()) {
    auto tcp = net::open_listener(config.status_listen, 128);
    if (!tcp)
      return fail(tcp.error().with_context("[supervisor] status_listen (or STATUS_LISTEN)"));
    endpoints.tcp = std::move(*tcp);
  }
  HOLDFAST_TRY_ASSIGN(endpoints.status, runtime_dir.listen_status());
  HOLDFAST_TRY_ASSIGN(endpoints.admin, runtime_dir.listen_admin());
  return endpoints;
}

Result<std::unique_ptr<logs::LogSink>> open_sink(const config::Log& config,
                                                 const std::string& journal_stream,
                                                 const Clock& clock) {
  const bool stream = config.file.empty();
  HOLDFAST_TRY_ASSIGN(auto sink, stream ? logs::make_stream_sink(STDOUT_FILENO)
                                        : logs::make_file_sink(config.file, config.max_size,
                                                               config.max_files, clock));
  const bool prefixed =
      stream && (config.priorities == "on" ||
                 (config.priorities == "auto" && logs::is_journal(STDOUT_FILENO, journal_stream)));
  if (prefixed) sink = logs::make_priority_sink(std::move(sink));
  struct stat info {};
  const bool disk = !stream || (::fstat(STDOUT_FILENO, &info) == 0 && S_ISREG(info.st_mode));
  if (!disk) return sink;
  return logs::make_background_sink(std::move(sink));
}

CrashLimits crash_limits(const config::Supervisor& config) {
  return {config.crash_reports, config.crash_report_bytes};
}

bool is_pid1() {
  return ::getpid() == 1;
}

// As PID 1 or in a systemd unit, the kernel or systemd ends the workers of a supervisor that was
// killed; elsewhere a guardian does (guardian.hpp).
bool needs_guardian(const config::Environ& environ) {
  const bool in_a_unit =
      environ.contains(protocol::kNotifySocket) && environ.contains(protocol::kInvocationId);
  return !is_pid1() && !in_a_unit;
}

// Passes what the log thread notices to the engine and to the alerts, which are created later and
// destroyed earlier.
class LogBridge final : public logs::LogObserver {
 public:
  void connect(Engine* engine) {
    const std::lock_guard lock(mutex_);
    engine_ = engine;
  }
  void on_ready_line(const core::ProcessId& process) override {
    const std::lock_guard lock(mutex_);
    if (engine_ != nullptr) engine_->ready_line_seen(process);
  }
  void on_log_file(const std::string& program, const std::string& message) override {
    const std::lock_guard lock(mutex_);
    if (engine_ != nullptr) engine_->log_file_changed(program, message);
  }
  void tell(alerts::AlertThread* alerts) {
    const std::lock_guard lock(mutex_);
    alerts_ = alerts;
  }
  void on_error_line(const logs::ErrorLine& line) override {
    const std::lock_guard lock(mutex_);
    if (alerts_ != nullptr) alerts_->on_error_line(line);
  }

 private:
  std::mutex mutex_;
  Engine* engine_ = nullptr;
  alerts::AlertThread* alerts_ = nullptr;
};

// The supervisor put together. The members stand in the order of construction: each refers only to
// earlier ones, and the threads end before what they use.
class Daemon {
 public:
  Daemon(config::Loaded loaded, PreparedPrograms prepared, config::Environ environment,
         std::string worker_user, bool watch)
      : config_(std::move(loaded.config)),
        warnings_(std::move(loaded.warnings)),
        prepared_(std::move(prepared)),
        environ_(std::move(environment)),
        worker_user_(std::move(worker_user)),
        watch_(watch) {}

  // The steps, in this order.
  Started claim_directories();
  Started open_sockets();
  Started open_log();
  tl::expected<int, StartError> run();  // returns the exit code

 private:
  void start_guardian();
  void warn_about_configuration();
  void warn_about_limits();
  void warn_about_open_files();
  int end_leftovers(int exit_code);
  void tell_of_crash_files(const std::string& message);

  const config::Config config_;
  const std::vector<std::string> warnings_;
  PreparedPrograms prepared_;
  config::Environ environ_;        // for the workers
  const std::string worker_user_;  // whose the state is; empty: ours
  const bool watch_;
  const SystemClock clock_;
  // Before everything else: what we start ourselves is to be in our own group.
  const process::Cgroups cgroups_ = config_.supervisor.cgroups == "off"
                                        ? process::Cgroups("cgroups is \"off\"")
                                        : process::Cgroups::set_up(is_pid1());

  std::optional<sockets::RuntimeDir> runtime_dir_;
  sockets::ListenerSet listeners_;
  Endpoints endpoints_;
  std::string status_address_;  // as bound; empty: no TCP endpoint
  std::string instance_;        // by which the guardian finds the workers

  EventLog events_;
  LogBridge bridge_;
  std::unique_ptr<logs::LogRelay> relay_;
  std::optional<log::Logger> log_;

  SnapshotCell snapshots_;
  Heartbeat heartbeat_;
  LoopMetrics metrics_;
  process::OwnChildren own_children_;
  std::unique_ptr<AlertWiring> alerts_;  // it hears of events, also of those of what follows
  std::unique_ptr<CrashStore> crashes_;
  std::unique_ptr<AlertDelivery> delivery_;
  std::unique_ptr<TelemetryThread> telemetry_;
  boost::asio::io_context io_{1};
  std::optional<process::GuardianWatch> guardian_;
};

Started Daemon::claim_directories() {
  const config::Supervisor& supervisor = config_.supervisor;
  if (const auto state = prepare_state_dir(supervisor.state_dir, worker_user_); !state)
    return refuse(exit_code::kCantCreate, state.error().message);
  auto runtime_dir = sockets::RuntimeDir::open(supervisor.runtime_dir);
  if (!runtime_dir) return refuse(runtime_dir.error());
  runtime_dir_.emplace(std::move(*runtime_dir));
  return {};
}

Started Daemon::open_sockets() {
  if (const auto adopted = listeners_.adopt_from_environment(); !adopted)
    return refuse(exit_code::kConfig, adopted.error().message);
  auto endpoints = open_endpoints(config_.supervisor, *runtime_dir_);
  if (!endpoints) return refuse(endpoints.error());
  endpoints_ = std::move(*endpoints);
  if (endpoints_.tcp) status_address_ = net::address_of(endpoints_.tcp.get()).value_or("");
  if (const auto applied = listeners_.apply(config_.listen); !applied)
    return refuse(applied.error());
  return {};
}

Started Daemon::open_log() {
  const auto journal = environ_.find(protocol::kJournalStream);
  auto sink = open_sink(config_.log, journal == environ_.end() ? "" : journal->second, clock_);
  if (!sink) return refuse(sink.error());
  const bool json = config_.log.format == log::Format::Json;
  logs::RelayOptions options;
  options.format = json ? logs::LineFormat::Json : logs::LineFormat::Pretty;
  options.level = config_.log.level;
  options.files.max_size = config_.log.max_size;
  options.files.max_files = config_.log.max_files;
  // The paths were checked with the rest of the configuration.
  if (auto paths = log::RedactPaths::compile(config_.log.redact); paths)
    options.redact = std::make_shared<const log::RedactPaths>(std::move(*paths));
  relay_ = std::make_unique<logs::LogRelay>(std::move(*sink), options, &bridge_, clock_);
  log::LogOptions log_options = log::options_for(config_.log.level, config_.log.format);
  log_options.write = [relay = relay_.get()](std::string_view line) { relay->submit(line); };
  log_options.redact = options.redact;
  const log::Logger root(log_options);
  log_.emplace(json ? root.with({{"worker", "holdfast"}, {"pid", ::getpid()}}) : root);
  return {};
}

void Daemon::start_guardian() {
  instance_ = fmt::format("{}-{}", ::getpid(), clock_.mono().time_since_epoch().count());
  const Duration grace = config::stop_budget(config_.supervisor.shutdown_deadline);
  if (!needs_guardian(environ_)) return;
  guardian_.emplace(io_, instance_, grace, [this](const std::string& text) { log_->warn(text); });
  guardian_->start();
}

void Daemon::warn_about_configuration() {
  for (const std::string& warning : warnings_)
    log_->warn(warning);
  for (const std::string& difference : listeners_.differences())
    log_->warn(difference);
  warn_about_limits();
  warn_about_open_files();
  if (const std::string off = watch_is_off(config_, watch_); !off.empty()) log_->warn(off);
  if (!is_pid1()) return;
  const std::string advice = stop_grace_advice(config_.supervisor, environ_);
  if (!advice.empty()) log_->warn(advice);
}

// A restart that finds no descriptor is an outage: better to hear of it now.
void Daemon::warn_about_open_files() {
  std::size_t slots = 0;
  for (const config::Program& program : config_.programs)
    slots += std::max(program.replicas, 1u);
  rlimit files{};
  const std::uint64_t needed = status::descriptors_needed(slots);
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_max >= needed) return;
  log_->warn(fmt::format(
      "the limit of {} open files is too low for {} workers: raise it to {} or more (`ulimit -n`, "
      "or LimitNOFILE= of the unit)",
      files.rlim_max, slots, needed));
}

void Daemon::warn_about_limits() {
  std::vector<std::string> without;
  for (const config::Program& program : config_.programs) {
    const bool cpu = program.cpu_weight > 0 && !cgroups_.enforces("cpu");
    const bool pids = program.pids_max > 0 && !cgroups_.enforces("pids");
    if (cpu || pids)
      without.push_back(fmt::format("{} ({})", program.name, cpu ? "cpu_weight" : "pids_max"));
  }
  if (without.empty()) return;
  log_->warn(fmt::format(
      "without effect: {}: {}", fmt::join(without, ", "),
      cgroups_.delegated() ? "the kernel offers no such controller here" : cgroups_.why_not()));
}

// Ends what workers left behind, within the reserve at the end of the shutdown deadline.
int Daemon::end_leftovers(int exit_code) {
  const MonoTime deadline =
      clock_.mono() + config::leftovers_budget(config_.supervisor.shutdown_deadline);
  if (guardian_ && guardian_->is_child()) guardian_->dismiss();
  const process::Leftovers left = process::end_leftovers(clock_, deadline);
  if (guardian_ && left.gone) guardian_->dismiss();
  if (left.found.empty()) return exit_code;
  constexpr std::size_t kMostNamed = 10;
  const std::size_t count = left.found.size();
  const auto end = left.found.begin() + static_cast<std::ptrdiff_t>(std::min(count, kMostNamed));
  log_->warn(fmt::format("{} outlived {}: {}{}; {}",
                         count == 1 ? "1 process" : fmt::format("{} processes", count),
                         count == 1 ? "its worker" : "their workers",
                         fmt::join(left.found.begin(), end, ", "), count > kMostNamed ? ", …" : "",
                         !left.gone    ? "not all could be killed"
                         : left.killed ? "killed"
                                       : "stopped"));
  return exit_code == exit_code::kOk && left.killed ? exit_code::kFailed : exit_code;
}

// On the thread of the crash store.
void Daemon::tell_of_crash_files(const std::string& message) {
  constexpr const char* kKind = "crash_reports";
  log_->warn(message, {{"event", kKind}});
  EventRecord record;
  record.time = clock_.wall();
  record.kind = kKind;
  record.message = message;
  events_.append(std::move(record));
}

tl::expected<int, StartError> Daemon::run() {
  start_guardian();
  warn_about_configuration();
  heartbeat_.stamp(clock_.mono());
  crashes_ = std::make_unique<CrashStore>(
      config_.supervisor.state_dir, crash_limits(config_.supervisor),
      CrashStore::Hooks{[this](const std::string& message) { tell_of_crash_files(message); },
                        [this](const CrashCounters& counters) {
                          metrics_.set_crash_reports(counters.kept, counters.failed);
                        }});
  telemetry_ = std::make_unique<TelemetryThread>(
      clock_, snapshots_, heartbeat_, events_, metrics_, *relay_, *log_,
      collector::ledger_settings(config_.metrics),
      status::AllowedHosts(config_.supervisor.status_listen, config_.supervisor.status_hosts),
      *crashes_);
  alerts_ = std::make_unique<AlertWiring>(clock_, snapshots_, events_, *log_, config_);
  delivery_ = std::make_unique<AlertDelivery>(
      config_, environ_, clock_, heartbeat_, *log_, own_children_,
      [this](const alerts::DeliveryOutcome& outcome) { alerts_->on_outcome(outcome); });
  alerts_->connect(*delivery_);
  telemetry_->use(alerts_->thread());
  telemetry_->use(*delivery_);
  int exit_code = exit_code::kSoftware;
  {
    Engine engine({io_,
                   clock_,
                   *log_,
                   *relay_,
                   listeners_,
                   *runtime_dir_,
                   *telemetry_,
                   snapshots_,
                   events_,
                   heartbeat_,
                   metrics_,
                   status_address_,
                   instance_,
                   cgroups_,
                   guardian_ ? &*guardian_ : nullptr,
                   watch_,
                   {crashes_.get(), &alerts_->thread()},
                   [this](const config::Config& config) {
                     crashes_->configure(crash_limits(config.supervisor));
                     alerts_->configure(config);
                   },
                   &own_children_},
                  config_, std::move(prepared_), std::move(environ_), is_pid1());
    bridge_.connect(&engine);
    auto started = engine.open();
    if (started) started = relay_->start();
    if (started)
      started = telemetry_->start(
          std::move(endpoints_), engine, engine,
          [&engine](std::vector<core::ProcessId> workers) { engine.scraped(std::move(workers)); });
    if (!started) {
      bridge_.connect(nullptr);
      return refuse(started.error());
    }
    log_->info(fmt::format("holdfast {} starts {} {}", kVersion, config_.programs.size(),
                           config_.programs.size() == 1 ? "program" : "programs"),
               {{"config", config_.source.empty() ? "defaults" : config_.source.native()},
                {"runtime_dir", config_.supervisor.runtime_dir.native()}});
    bridge_.tell(&alerts_->thread());
    alerts_->start();
    exit_code = engine.run();
    bridge_.connect(nullptr);
    // Before the leftovers: a receiver's command is a child of ours, too.
    alerts_->end(config_.supervisor.shutdown_deadline);
    bridge_.tell(nullptr);
    exit_code = end_leftovers(exit_code);
    telemetry_->stop();
    crashes_->stop(clock_.mono() + 1s);
  }
  log_->info("holdfast exits", {{"exit_code", exit_code}});
  relay_->flush_and_stop(clock_.mono() + 2s);
  return exit_code;
}

tl::expected<int, StartError> compose_and_run(
    const std::optional<std::filesystem::path>& config_file, const config::Environ& environ,
    bool watch) {
  auto loaded = config::load(config_file, environ, Pipes::Read);
  if (!loaded)
    return refuse(exit_code::kConfig,
                  "the configuration is invalid\n" + config::format(loaded.error()));
  WorkerUser worker_user = assign_worker_user(loaded->config);
  if (!worker_user.warning.empty()) loaded->warnings.push_back(std::move(worker_user.warning));
  PreparedPrograms prepared = prepare_programs(loaded->config, environ);
  if (!prepared.problems.empty()) {
    return refuse(exit_code::kConfig, fmt::format("the configuration cannot be run\n{}",
                                                  fmt::join(prepared.problems, "\n")));
  }
  // Before any thread is created: threads inherit the mask.
  if (const auto blocked = process::block_signals(); !blocked)
    return refuse(exit_code::kSoftware, blocked.error().message);

  Daemon instance(std::move(*loaded), std::move(prepared), environ, std::move(worker_user.name),
                  watch);
  if (auto claimed = instance.claim_directories(); !claimed)
    return tl::unexpected(std::move(claimed.error()));
  if (auto opened = instance.open_sockets(); !opened)
    return tl::unexpected(std::move(opened.error()));
  if (auto opened = instance.open_log(); !opened) return tl::unexpected(std::move(opened.error()));
  return instance.run();
}

}  // namespace

int run_supervisor(const std::optional<std::filesystem::path>& config_file,
                   const config::Environ& environ, bool watch) {
  const auto ended = compose_and_run(config_file, environ, watch);
  if (ended) return *ended;
  command_line::complain("holdfast: " + ended.error().message);
  return ended.error().exit_code;
}

}  // namespace holdfast::supervisor::daemon
