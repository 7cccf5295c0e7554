// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/daemon.hpp"

#include "common/base/version.hpp"
#include "common/config/shutdown_shares.hpp"
#include "common/net/listen.hpp"
#include "common/net/unix_socket.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/variables.hpp"
#include "supervisor/cli/arguments.hpp"
#include "supervisor/collector/settings.hpp"
#include "supervisor/daemon/stop_grace.hpp"
#include "supervisor/daemon/telemetry_thread.hpp"
#include "supervisor/engine/engine.hpp"
#include "supervisor/process/guardian.hpp"
#include "supervisor/process/leftovers.hpp"

#include <fmt/ranges.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

namespace holdfast::supervisor::cli {

namespace {

using namespace std::chrono_literals;

int complain(int exit_code, const std::string& message) {
  fmt::print(stderr, "holdfast: {}\n", message);
  return exit_code;
}

int exit_code_of(const Error& error) {
  switch (error.kind) {
    case ErrorKind::Conflict: return exit_code::kUnavailable;  // taken by somebody else
    case ErrorKind::InvalidArgument: return exit_code::kConfig;
    default: return exit_code::kCantCreate;
  }
}

// State is the one thing that must survive: its directory has to take files before anything runs.
Result<void> prepare_state_dir(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return fail_errno(error.value(), fmt::format("create state_dir '{}'", path.native()));
  if (::access(path.c_str(), W_OK | X_OK) != 0) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("state_dir '{}' is not writable by this user; change its owner or set "
                            "[supervisor] state_dir",
                            path.native()));
  }
  return {};
}

Result<status::Endpoints> open_endpoints(const config::Config& config,
                                         const sockets::RuntimeDir& runtime_dir,
                                         sockets::ListenerSet& listeners) {
  status::Endpoints endpoints;
  if (!config.supervisor.status_listen.empty()) {
    auto tcp = process::open_socket(config.supervisor.status_listen, 128);
    if (!tcp)
      return fail(tcp.error().with_context("[supervisor] status_listen (or STATUS_LISTEN)"));
    endpoints.tcp = std::move(*tcp);
  }
  HOLDFAST_TRY_ASSIGN(endpoints.status,
                      process::listen_unix_socket(runtime_dir.status_socket(), 0666, 128));
  HOLDFAST_TRY_ASSIGN(endpoints.admin,
                      process::listen_unix_socket(runtime_dir.admin_socket(), 0660, 128));
  HOLDFAST_TRY(listeners.apply(config.listen));
  return endpoints;
}

Result<std::unique_ptr<process::LogSink>> open_sink(const config::Log& config, const Clock& clock) {
  if (config.file.empty()) return process::make_stream_sink(STDOUT_FILENO);
  return process::make_file_sink(config.file, config.max_size, config.max_files, clock);
}

// What the log thread sees, told to the engine, which comes later and goes earlier.
class LogBridge final : public process::LogObserver {
 public:
  void connect(Engine* engine) {
    const std::lock_guard lock(mutex_);
    engine_ = engine;
  }
  // Error lines are for the alert rules.
  void on_notable(const core::ProcessId&, const std::string&, std::span<const process::NotableLine>,
                  std::uint64_t) override {}
  void on_ready_line(const core::ProcessId& process) override {
    const std::lock_guard lock(mutex_);
    if (engine_ != nullptr) engine_->ready_line_seen(process);
  }

 private:
  std::mutex mutex_;
  Engine* engine_ = nullptr;
};

// None where somebody else cleans up after us: see guardian.hpp.
Result<std::optional<process::Guardian>> start_guardian(const config::Supervisor& config,
                                                        const config::Environ& environ,
                                                        const std::string& instance) {
  const bool in_a_unit =
      environ.contains(protocol::kNotifySocket) && environ.contains(protocol::kInvocationId);
  if (::getpid() == 1 || in_a_unit) return std::nullopt;
  HOLDFAST_TRY_ASSIGN(
      process::Guardian guardian,
      process::Guardian::start(instance, config::stop_budget(config.shutdown_deadline)));
  return guardian;
}

// From the reserve at the end of the deadline, so that the exit comes in time.
int end_leftovers(const config::Supervisor& config, const Clock& clock, const log::Logger& log,
                  int exit_code) {
  const MonoTime deadline = clock.mono() + config::leftovers_budget(config.shutdown_deadline);
  const process::Leftovers left = process::end_leftovers(clock, deadline);
  if (left.found.empty()) return exit_code;
  constexpr std::size_t kShown = 10;
  const auto end =
      left.found.begin() + static_cast<std::ptrdiff_t>(std::min(left.found.size(), kShown));
  log.warn(fmt::format("{} processes had left their worker's group and outlived it: {}{}; {}",
                       left.found.size(), fmt::join(left.found.begin(), end, ", "),
                       left.found.size() > kShown ? ", …" : "",
                       !left.gone    ? "not all could be killed"
                       : left.killed ? "killed"
                                     : "stopped"));
  return exit_code == exit_code::kOk && left.killed ? exit_code::kFailed : exit_code;
}

}  // namespace

int run_supervisor(const std::optional<std::filesystem::path>& config_file,
                   const config::Environ& environ) {
  auto loaded = config::load(config_file, environ);
  if (!loaded)
    return complain(exit_code::kConfig,
                    "the configuration is wrong\n" + config::format(loaded.error()));
  const config::Config config = loaded->config;
  PreparedPrograms prepared = prepare_programs(config.programs, environ);
  if (!prepared.problems.empty()) {
    std::string text = "the configuration cannot be run";
    for (const std::string& problem : prepared.problems)
      text += "\n" + problem;
    return complain(exit_code::kConfig, text);
  }
  // Before any thread: they inherit the mask.
  if (const auto blocked = process::block_signals(); !blocked) {
    return complain(exit_code::kSoftware, blocked.error().message);
  }
  if (const auto state = prepare_state_dir(config.supervisor.state_dir); !state) {
    return complain(exit_code::kCantCreate, state.error().message);
  }
  auto runtime_dir = sockets::RuntimeDir::open(config.supervisor.runtime_dir);
  if (!runtime_dir) {
    return complain(exit_code_of(runtime_dir.error()), runtime_dir.error().message);
  }
  sockets::ListenerSet listeners;
  if (const auto adopted = listeners.adopt_from_environment(); !adopted) {
    return complain(exit_code::kConfig, adopted.error().message);
  }
  if (const auto named = listeners.check_names(config.listen); !named) {
    return complain(exit_code::kConfig, named.error().message);
  }
  auto endpoints = open_endpoints(config, *runtime_dir, listeners);
  if (!endpoints) return complain(exit_code_of(endpoints.error()), endpoints.error().message);

  const SystemClock clock;
  const std::string instance =
      fmt::format("{}-{}", ::getpid(), clock.mono().time_since_epoch().count());
  const auto guardian = start_guardian(config.supervisor, environ, instance);
  auto sink = open_sink(config.log, clock);
  if (!sink) return complain(exit_code_of(sink.error()), sink.error().message);
  EventLog events;  // outlives the log thread, which tells of crashes
  LogBridge bridge;
  process::RelayOptions relay_options;
  relay_options.format = config.log.format == config::LogFormat::Json ? process::LineFormat::Json
                                                                      : process::LineFormat::Pretty;
  process::LogRelay relay(std::move(*sink), relay_options, &bridge, clock);
  log::Options log_options = log::options_from(config.log);
  log_options.write = [&relay](std::string_view line) { relay.submit(line); };
  const log::Logger root(log_options);
  log::Logger log = config.log.format == config::LogFormat::Json
                        ? root.with({{"worker", "holdfast"}, {"pid", ::getpid()}})
                        : root;
  for (const std::string& warning : loaded->warnings)
    log.warn(warning);

  if (!guardian) log.warn("nobody will end workers if this is killed: " + guardian.error().message);
  if (::getpid() == 1) {
    const std::string advice = stop_grace_advice(config.supervisor, environ);
    if (!advice.empty()) log.warn(advice);
  }

  SnapshotCell snapshots;
  Heartbeat heartbeat;
  heartbeat.stamp(clock.mono());
  LoopMetrics metrics;
  std::string status_address;
  if (endpoints->tcp) status_address = process::address_of(endpoints->tcp.get()).value_or("");

  status::TelemetryThread telemetry(clock, snapshots, heartbeat, events, metrics, relay, log,
                                    telemetry::ledger_settings(config.metrics));
  boost::asio::io_context io{1};
  int exit_code = exit_code::kSoftware;
  {
    Engine engine({io, clock, log, relay, listeners, *runtime_dir, telemetry, snapshots, events,
                   heartbeat, metrics, status_address, instance},
                  config, std::move(prepared), environ, ::getpid() == 1);
    bridge.connect(&engine);
    auto opened = engine.open();
    if (opened) opened = relay.start();
    if (opened) opened = telemetry.start(std::move(*endpoints), engine);
    if (!opened) return complain(exit_code_of(opened.error()), opened.error().message);
    log.info(fmt::format("holdfast {} starts {} programs", kVersion, config.programs.size()),
             {{"config", config.source.empty() ? "defaults" : config.source.native()},
              {"runtime_dir", config.supervisor.runtime_dir.native()}});
    exit_code = engine.run();
    bridge.connect(nullptr);
    exit_code = end_leftovers(config.supervisor, clock, log, exit_code);
    telemetry.stop();
  }
  log.info("bye", {{"exit_code", exit_code}});
  relay.flush_and_stop(clock.mono() + 2s);
  return exit_code;
}

}  // namespace holdfast::supervisor::cli
