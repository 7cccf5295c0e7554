// SPDX-License-Identifier: Apache-2.0
#pragma once

// Spawner: turns one Spawn action into one running process, with its pipes, sockets and
// environment.
//
// Threads: the main loop.

#include "common/config/config.hpp"
#include "common/log/level_page.hpp"
#include "common/os/file_limit.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/engine/child_environment.hpp"
#include "supervisor/engine/programs.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/process/launcher.hpp"
#include "supervisor/sockets/listeners.hpp"
#include "supervisor/sockets/runtime_dir.hpp"
#include "supervisor/sockets/shared_objects.hpp"
#include "supervisor/sockets/worker_sockets.hpp"

#include <tl/expected.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::supervisor {

struct Spawned {
  process::Launched launched;
  std::string metrics_url;  // where its metrics are scraped; empty: nowhere
  bool own = false;         // one of Holdfast's workers
  bool has_socket = false;  // it has a telemetry socket: forget() it when the process has exited
  Fd in_flight = {};        // what it notes there can be read when it has died; empty: nothing
  std::vector<sockets::ListenerSet::Lease> listeners = {};  // to be kept for as long as it lives
};

// Whether it reports by sd_notify(3), and so needs a NOTIFY_SOCKET.
bool speaks_notify(const config::Program& program);

class Spawner {
 public:
  // `config_file`: absolute, or empty.
  Spawner(sockets::ListenerSet& listeners, logs::LogRelay& relay,
          const sockets::RuntimeDir& runtime_dir, Environ environ, std::string instance,
          PreparedPrograms prepared, std::string config_file);

  // `cgroup`: for LaunchSpec. `notify_socket`: empty if it has none.
  tl::expected<Spawned, process::LaunchError> spawn(const config::Program& configured,
                                                    const core::Spawn& action, int cgroup,
                                                    const std::string& notify_socket);
  // Whom its processes run as; nothing: as the supervisor.
  Result<std::optional<process::Identity>> identity_of(const config::Program& program);
  // Starts one of the program's probe commands, `argv` as the worker of this slot has it: as the
  // program's user, with its directory, environment and limits. `output`: its standard output and
  // error.
  tl::expected<process::Launched, process::LaunchError> spawn_probe(
      const config::Program& configured, const std::vector<std::string>& argv, std::uint32_t slot,
      int output);
  // Removes the socket file of a process that has exited.
  void forget(const std::string& worker, std::uint64_t incarnation);
  // Makes again socket files that have vanished. Returns how many.
  std::size_t restore_sockets() { return worker_sockets_.restore(); }
  // The entries of the environment by which all descendants of a worker are known.
  std::vector<std::string> identity(const std::string& worker, std::uint64_t incarnation) const;
  void use(PreparedPrograms prepared, std::string config_file);
  // Nothing is started any more as it was before the last reload: listeners that only crashed
  // processes had are closed.
  void forget_former_listeners();
  // Whether the program is one of Holdfast's own.
  bool is_own(const std::string& program) const;
  // For the workers that run and those that follow. Nothing: the level that is configured; without
  // a slot: of all of them.
  void choose_log_level(const std::string& program, std::optional<std::uint32_t> slot,
                        std::optional<log::Level> level);
  void reset_log_levels();

 private:
  using Prepared = std::shared_ptr<const PreparedProgram>;
  Result<Prepared> prepared(const config::Program& program);
  Result<log::LevelPage*> level_page(const std::string& program);

  // What a worker's process and the commands of its probes are made from alike.
  process::LaunchSpec launch_spec(const PreparedProgram& prepared, const config::Program& program,
                                  const ChildProtocol& child) const;

  struct Outlets;  // the descriptors that a child inherits, with their names

  tl::expected<Outlets, process::LaunchError> outlets(const PreparedProgram& prepared,
                                                      const config::Program& program,
                                                      const std::string& worker,
                                                      std::uint64_t incarnation);
  void relay(const PreparedProgram& prepared, const std::string& worker,
             const core::ProcessId& process, pid_t pid, logs::StreamKind kind, Fd pipe);

  sockets::ListenerSet& listeners_;
  logs::LogRelay& relay_;
  const sockets::RuntimeDir& runtime_dir_;
  sockets::WorkerSockets worker_sockets_;
  sockets::SharedObjects shared_;
  std::map<std::string, log::LevelPage> level_pages_;  // of own programs, from their first use on
  Environ environ_;
  std::string instance_;
  PreparedPrograms prepared_;
  std::map<std::string, Prepared> last_used_;  // by program: what its last process was made from
  std::map<std::string, std::vector<sockets::ListenerSet::Lease>> last_listeners_;  // likewise
  std::string config_file_;
  rlim_t soft_files_ = raise_file_limit().before;  // what workers get
  process::Launcher launcher_;
};

}  // namespace holdfast::supervisor
