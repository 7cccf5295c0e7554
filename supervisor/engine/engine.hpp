// SPDX-License-Identifier: Apache-2.0
#pragma once

// Engine: the supervision loop. It turns the world into events for the core and the core's actions
// into system calls, and publishes what it knows for the other threads. It decides nothing.
//
//   signals, pidfds, notifications, probes, log lines, commands  ->  Event
//   Action  ->  launch, kill, one timer, log line, event record, reply, end of run()
//
// Threads: everything on the thread of `io`, but for the FleetControl methods, which post to it.

#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/core/fleet.hpp"
#include "supervisor/engine/service_manager.hpp"
#include "supervisor/engine/spawner.hpp"
#include "supervisor/process/child.hpp"
#include "supervisor/process/reaper.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/sockets/notify_socket.hpp"
#include "supervisor/state/control.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/state/telemetry_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

class ReadinessProbe;

// What the engine works with; all of it outlives the engine.
struct EngineParts {
  boost::asio::io_context& io;
  const Clock& clock;
  log::Logger& log;
  logs::LogRelay& relay;
  sockets::ListenerSet& listeners;
  const sockets::RuntimeDir& runtime_dir;
  TelemetryLink& telemetry;
  SnapshotCell& snapshots;
  EventLog& events;
  Heartbeat& heartbeat;
  LoopMetrics& metrics;
  std::string status_address;  // of the TCP status endpoint; empty: it is off
  std::string instance;        // by which the guardian finds our processes
};

class Engine final : public FleetControl {
 public:
  Engine(const EngineParts& parts, config::Config config, PreparedPrograms prepared,
         Environ environ, bool is_pid1);
  ~Engine() override;

  // Opens the notification socket and the signals; nothing is started yet.
  Result<void> open();
  // Starts the fleet and runs it until it is shut down. Returns the exit code.
  int run();

  // A line of its output said that the process is ready. From any thread.
  void ready_line_seen(const core::ProcessId& process);

  void command(core::CommandKind kind, std::string target, std::uint32_t count, Done done) override;
  void reload(Done done) override;
  void set_log_level(log::Level level) override;

 private:
  struct Running {
    std::string program;
    std::string worker;
    bool has_socket = false;
    std::unique_ptr<process::Child> child;
    std::unique_ptr<ReadinessProbe> probe;
  };

  // loop.cpp
  void feed(core::Event event);
  void perform(const core::Action& action);
  void arm(MonoTime at);
  void turn();     // once a second: lag, heartbeat, watchdog upward
  void publish();  // when the fleet changed, at most each 20 ms
  void publish_now();

  // processes.cpp
  void spawn(const core::Spawn& action);
  void signal(const core::Signal& action);
  void on_exit(const core::ProcessId& process, const Result<core::ExitStatus>& status);
  void on_notice(const core::ProcessId& process, const sockets::NotifyMessage& message);
  void watch_readiness(const core::ProcessId& process, const config::Program& program);

  std::vector<std::pair<std::string, std::string>> addresses() const;

  // reports.cpp
  void report(const core::Report& report);
  void record(std::string kind, std::string message, log::Level level);
  void announce_ready();

  // commands.cpp
  void on_signal(int signal);
  void apply_reload(Done done);
  Result<void> let_users_reach_us();  // after a change of configuration

  EngineParts parts_;
  config::Config config_;
  Environ environ_;
  core::Fleet fleet_;
  Spawner spawner_;
  Upward upward_;
  std::unique_ptr<sockets::NotifySocket> notify_;
  std::unique_ptr<process::SignalSource> signals_;
  process::Reaper reaper_;

  std::map<core::ProcessId, Running> running_;
  std::unordered_map<pid_t, core::ProcessId> by_pid_;
  std::map<std::uint64_t, Done> waiting_;  // commands without a reply yet
  std::uint64_t next_request_ = 0;

  std::deque<core::Event> queue_;
  bool feeding_ = false;
  boost::asio::steady_timer core_timer_;
  boost::asio::steady_timer turn_timer_;
  boost::asio::steady_timer publish_timer_;
  MonoTime next_turn_{};
  MonoTime started_at_{};
  WallTime started_at_wall_{};
  MonoTime published_at_{};
  std::uint64_t published_revision_ = 0;
  bool publish_armed_ = false;
  bool was_ready_ = false;
  bool was_announced_ = false;
  MonoTime not_ready_since_{};  // while it is not
  bool last_reload_ok_ = true;
  WallTime last_reload_at_{};
  std::optional<int> exit_code_;
};

}  // namespace holdfast::supervisor
