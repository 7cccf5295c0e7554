// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/spawner.hpp"

#include "common/config/reload.hpp"
#include "common/config/slot_text.hpp"
#include "common/protocol/in_flight.hpp"
#include "common/protocol/names.hpp"
#include "common/protocol/variables.hpp"
#include "common/rate_limit/table.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace holdfast::supervisor {

namespace {

using process::LaunchError;

constexpr int kFirstPassedFd = 3;  // SD_LISTEN_FDS_START, sd_listen_fds(3)

// Holdfast's own workers serve a telemetry socket. Other programs get one if they ask for it: a
// LISTEN_FDS server expects exactly its own sockets, and takes any descriptor for one of them.
bool serves_telemetry(const config::Program& program, bool own) {
  if (program.type != config::ProgramType::Service) return false;
  if (program.metrics == "socket") return true;
  return own && program.metrics.empty() && program.ready == config::ReadyKind::Notify;
}

}  // namespace

bool speaks_notify(const config::Program& program) {
  return program.ready == config::ReadyKind::Notify && program.type == config::ProgramType::Service;
}

namespace {

// Opening /dev/stdout or /dev/stderr by name opens this pipe anew, with the rights of whoever does:
// the program's user, or one that the program changes to by itself. The descriptors of a process
// are out of reach of other users anyway.
void let_program_open(const PipeFds& pipe, const std::optional<process::Identity>& identity) {
  constexpr mode_t kReadByOwnerWrittenByAll = 0622;
  (void)::fchmod(pipe.write.get(), kReadByOwnerWrittenByAll);
  // Without the privilege the mode alone has to do.
  if (identity && ::fchown(pipe.write.get(), identity->uid, identity->gid) != 0) return;
}

std::string metrics_url(const config::Program& program, const std::string& socket) {
  if (!socket.empty()) return fmt::format("unix:{}:{}", socket, protocol::kMetricsPath);
  return program.metrics == "off" ? std::string() : program.metrics;
}

}  // namespace

struct Spawner::Outlets {
  std::vector<process::PassedFd> fds;
  std::vector<std::string> names;  // of those from 3 upward
  Fd telemetry;                    // the supervisor's copy: closed once the child has its own
  std::string telemetry_path;
  Fd in_flight;  // the supervisor's copy, too, but for as long as the child lives
  std::vector<sockets::ListenerSet::Lease> listeners;  // likewise

  void pass(int source, std::string name) {
    fds.push_back({kFirstPassedFd + static_cast<int>(names.size()), source});
    names.push_back(std::move(name));
  }
};

Spawner::Spawner(sockets::ListenerSet& listeners, logs::LogRelay& relay,
                 const sockets::RuntimeDir& runtime_dir, Environ own, std::string instance,
                 PreparedPrograms prepared, std::string config_file)
    : listeners_(listeners),
      relay_(relay),
      runtime_dir_(runtime_dir),
      worker_sockets_(runtime_dir.workers()),
      environ_(std::move(own)),
      instance_(std::move(instance)),
      prepared_(std::move(prepared)),
      config_file_(std::move(config_file)) {}

tl::expected<Spawner::Outlets, LaunchError> Spawner::outlets(const PreparedProgram& prepared,
                                                             const config::Program& program,
                                                             const std::string& worker,
                                                             std::uint64_t incarnation) {
  Outlets result;
  for (const std::string& name : program.sockets) {
    auto lent = listeners_.lend(name, config::used_listener(program, name));
    if (!lent) {
      const int os_error = lent.error().os_error;
      return tl::unexpected(LaunchError{"socket " + name, os_error != 0 ? os_error : ENOENT});
    }
    result.pass(lent->socket, name);
    if (lent->lease) result.listeners.push_back(std::move(lent->lease));
  }
  if (prepared.configuration)
    result.pass(prepared.configuration->get(), protocol::kConfigurationFd);
  if (prepared.own) {
    const auto levels = level_page(program.name);
    if (!levels) return tl::unexpected(LaunchError{"log-level memory", levels.error().os_error});
    result.pass((*levels)->fd(), protocol::kLogLevelFd);
  }
  if (!serves_telemetry(program, prepared.own)) return result;

  auto socket = worker_sockets_.open(worker, incarnation);
  if (!socket) return tl::unexpected(LaunchError{"telemetry socket", socket.error().os_error});
  result.telemetry = std::move(socket->listener);
  result.telemetry_path = socket->path.native();
  result.pass(result.telemetry.get(), protocol::kTelemetryFd);

  if (!prepared.own) return result;
  const auto doorbell = shared_.event(protocol::kDoorbellFd);
  if (!doorbell) return tl::unexpected(LaunchError{"doorbell", doorbell.error().os_error});
  result.pass(*doorbell, protocol::kDoorbellFd);
  // A worker works as well without; its crash report will lack the ids.
  if (auto memory = protocol::make_in_flight_memory()) {
    result.in_flight = std::move(*memory);
    result.pass(result.in_flight.get(), protocol::kInFlightFd);
  }

  // Only a program that serves a socket has clients to limit.
  if (program.sockets.empty()) return result;
  const auto memory = shared_.memory(protocol::kRateLimitFd, rate_limit::kTableBytes);
  if (!memory) return tl::unexpected(LaunchError{"rate-limit memory", memory.error().os_error});
  result.pass(*memory, protocol::kRateLimitFd);
  return result;
}

// Usually what was looked up when the configuration was loaded. After a reload whose roll was
// aborted, the core keeps the program as it was before: its workers run on with what they last ran
// with, their configuration included.
Result<Spawner::Prepared> Spawner::prepared(const config::Program& program) {
  for (const auto* known : {&prepared_.programs, &last_used_}) {
    const auto found = known->find(program.name);
    if (found != known->end() && found->second->program == program) return found->second;
  }
  HOLDFAST_TRY_ASSIGN(PreparedProgram again, prepare_program(program, environ_));
  if (const auto now = prepared_.programs.find(program.name); now != prepared_.programs.end())
    again.configuration = now->second->configuration;
  return std::make_shared<const PreparedProgram>(std::move(again));
}

// Of programs that are gone, nothing is kept.
void Spawner::use(PreparedPrograms prepared, std::string config_file) {
  prepared_ = std::move(prepared);
  config_file_ = std::move(config_file);
  const auto is_gone = [this](const auto& used) {
    return !prepared_.programs.contains(used.first);
  };
  std::erase_if(last_used_, is_gone);
  std::erase_if(last_listeners_, is_gone);
}

void Spawner::forget_former_listeners() {
  for (auto& [program, listeners] : last_listeners_) {
    std::erase_if(listeners, [this](const sockets::ListenerSet::Lease& lease) {
      return !listeners_.is_current(lease);
    });
  }
}

bool Spawner::is_own(const std::string& program) const {
  const auto found = prepared_.programs.find(program);
  return found != prepared_.programs.end() && found->second->own;
}

Result<log::LevelPage*> Spawner::level_page(const std::string& program) {
  if (const auto known = level_pages_.find(program); known != level_pages_.end())
    return &known->second;
  HOLDFAST_TRY_ASSIGN(log::LevelPage page, log::LevelPage::create());
  return &level_pages_.emplace(program, std::move(page)).first->second;
}

void Spawner::choose_log_level(const std::string& program, std::optional<std::uint32_t> slot,
                               std::optional<log::Level> level) {
  const auto page = level_page(program);
  if (!page) return;  // its next start fails for the same reason, and says so
  if (slot) return (*page)->choose(*slot, level);
  (*page)->choose_all(level);
}

void Spawner::reset_log_levels() {
  for (auto& [program, page] : level_pages_)
    page.choose_all(std::nullopt);
}

Result<std::optional<process::Identity>> Spawner::identity_of(const config::Program& program) {
  HOLDFAST_TRY_ASSIGN(const Prepared found, prepared(program));
  return found->identity;
}

process::LaunchSpec Spawner::launch_spec(const PreparedProgram& prepared,
                                         const config::Program& program,
                                         const ChildProtocol& child) const {
  process::LaunchSpec spec;
  for (const auto& [name, value] : child_environment(environ_, prepared.account, program, child))
    spec.envp.push_back(name + "=" + value);
  spec.directory = program.directory.native();
  spec.identity = prepared.identity;
  if (program.umask) spec.umask = static_cast<mode_t>(*program.umask);
  spec.limits = prepared.limits;
  spec.nice = program.nice;
  spec.oom_score_adj = program.oom_score_adj;
  spec.soft_files = soft_files_;
  return spec;
}

tl::expected<process::Launched, LaunchError> Spawner::spawn_probe(
    const config::Program& configured, const std::vector<std::string>& argv, std::uint32_t slot,
    int output) {
  const auto prepared = this->prepared(configured);
  if (!prepared) return tl::unexpected(LaunchError{"prepare", prepared.error().os_error});
  const auto found = (*prepared)->probe_executables.find(argv.front());
  if (found == (*prepared)->probe_executables.end())
    return tl::unexpected(LaunchError{"look up", ENOENT});
  const config::Program program = config::for_slot(configured, slot);
  ChildProtocol child;
  child.worker = fmt::format("{}.{}", program.name, slot);
  child.own = (*prepared)->own;
  child.slot = slot;
  child.instance = instance_;
  child.config_file = config_file_;
  child.status_socket = runtime_dir_.status_socket().native();
  process::LaunchSpec spec = launch_spec(**prepared, program, child);
  spec.executable = found->second;
  spec.argv = argv;
  spec.fds = {{STDOUT_FILENO, output}, {STDERR_FILENO, output}};
  return launcher_.launch(spec);
}

tl::expected<Spawned, LaunchError> Spawner::spawn(const config::Program& configured,
                                                  const core::Spawn& action, int cgroup,
                                                  const std::string& notify_socket) {
  const auto prepared = this->prepared(configured);
  if (!prepared) return tl::unexpected(LaunchError{"prepare", prepared.error().os_error});
  const config::Program program = config::for_slot(configured, action.process.slot.slot);
  const std::string worker = fmt::format("{}.{}", program.name, action.process.slot.slot);

  last_used_.insert_or_assign(program.name, *prepared);
  auto outlets = this->outlets(**prepared, program, worker, action.process.incarnation);
  if (!outlets) return tl::unexpected(outlets.error());
  // Between a crash and the next start, connections wait.
  last_listeners_.insert_or_assign(program.name, outlets->listeners);
  auto out = make_pipe();
  if (!out) return tl::unexpected(LaunchError{"pipe", out.error().os_error});
  auto err = make_pipe();
  if (!err) return tl::unexpected(LaunchError{"pipe", err.error().os_error});
  let_program_open(*out, (*prepared)->identity);
  let_program_open(*err, (*prepared)->identity);

  ChildProtocol child;
  child.worker = worker;
  child.own = (*prepared)->own;
  child.slot = action.process.slot.slot;
  child.instance = instance_;
  child.incarnation = action.process.incarnation;
  child.predecessor = action.predecessor;
  child.config_file = config_file_;
  child.status_socket = runtime_dir_.status_socket().native();
  child.fd_names = outlets->names;
  child.notify_socket = notify_socket;

  process::LaunchSpec spec = launch_spec(**prepared, program, child);
  spec.executable = (*prepared)->executable;
  spec.argv = program.command;
  if (!child.fd_names.empty()) spec.envp.push_back(fmt::format("{}=", protocol::kListenPid));
  spec.fds = outlets->fds;
  spec.fds.push_back({STDOUT_FILENO, out->write.get()});
  spec.fds.push_back({STDERR_FILENO, err->write.get()});
  spec.directory = program.directory.native();
  spec.identity = (*prepared)->identity;
  if (program.umask) spec.umask = static_cast<mode_t>(*program.umask);
  spec.limits = (*prepared)->limits;
  spec.nice = program.nice;
  spec.oom_score_adj = program.oom_score_adj;
  spec.cgroup = cgroup;
  spec.soft_files = soft_files_;

  auto launched = launcher_.launch(spec);
  if (!launched) {
    if (!outlets->telemetry_path.empty()) forget(worker, action.process.incarnation);
    return tl::unexpected(launched.error());
  }
  const pid_t pid = launched->pid;
  relay(**prepared, worker, action.process, pid, logs::StreamKind::Stdout, std::move(out->read));
  relay(**prepared, worker, action.process, pid, logs::StreamKind::Stderr, std::move(err->read));
  return Spawned{std::move(*launched),
                 metrics_url(program, outlets->telemetry_path),
                 (*prepared)->own,
                 !outlets->telemetry_path.empty(),
                 std::move(outlets->in_flight),
                 std::move(outlets->listeners)};
}

void Spawner::relay(const PreparedProgram& prepared, const std::string& worker,
                    const core::ProcessId& process, pid_t pid, logs::StreamKind kind, Fd pipe) {
  const config::Program& program = prepared.program;
  logs::LogStream stream;
  stream.source = prepared.own ? logs::LineSource::Own : logs::LineSource::Foreign;
  if (kind == logs::StreamKind::Stderr) stream.level = program.stderr_level;
  stream.process = process;
  stream.worker = worker;
  stream.pid = pid;
  stream.kind = kind;
  stream.pipe = std::move(pipe);
  const core::SlotId slot = process.slot;
  stream.log_file = config::expand_slot_names(program.log_file.native(),
                                              {worker, slot.slot, program.port + slot.slot});
  if (prepared.identity) {
    // The program's group may read the file, and its user cannot lead the supervisor to another.
    stream.log_access.group = prepared.identity->gid;
    stream.log_access.follow_links = false;
  }
  stream.join_stacks = !prepared.own && program.multiline == "auto";
  if (program.ready == config::ReadyKind::LogLine) stream.ready_pattern = program.ready_pattern;
  // Fails only for a bad pattern, and that was checked when the configuration was loaded.
  (void)relay_.add_stream(std::move(stream));
}

std::vector<std::string> Spawner::identity(const std::string& worker,
                                           std::uint64_t incarnation) const {
  return {fmt::format("{}={}", protocol::kWorker, worker),
          fmt::format("{}={}", protocol::kIncarnation, incarnation),
          fmt::format("{}={}", protocol::kInstance, instance_)};
}

void Spawner::forget(const std::string& worker, std::uint64_t incarnation) {
  worker_sockets_.remove(worker, incarnation);
}

}  // namespace holdfast::supervisor
