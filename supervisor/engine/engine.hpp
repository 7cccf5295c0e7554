// SPDX-License-Identifier: Apache-2.0
#pragma once

// Engine: the supervision loop. It turns the world into events for the core and the core's actions
// into system calls. It decides nothing.
//
//   signals, exits, notifications, probes, log lines, files, commands  ->  Event
//   Action  ->  Processes, one timer, Reporter, PendingRequests, end of run()
//
// Threads: everything on the thread of `io`, except ready_line_seen(), scraped() and the methods of
// FleetControl and MemoryObserver, which post to it.

#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/core/fleet.hpp"
#include "supervisor/engine/crash_recorder.hpp"
#include "supervisor/engine/listener_watch.hpp"
#include "supervisor/engine/log_levels.hpp"
#include "supervisor/engine/pending_requests.hpp"
#include "supervisor/engine/processes.hpp"
#include "supervisor/engine/readiness_announcer.hpp"
#include "supervisor/engine/reporter.hpp"
#include "supervisor/engine/runtime_watch.hpp"
#include "supervisor/engine/schedules.hpp"
#include "supervisor/engine/service_manager.hpp"
#include "supervisor/engine/snapshot_publisher.hpp"
#include "supervisor/engine/watches.hpp"
#include "supervisor/process/cgroup.hpp"
#include "supervisor/process/guardian_watch.hpp"
#include "supervisor/process/own_children.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/state/control.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/memory_observer.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/state/telemetry_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor {

// What the engine works with; all of it outlives the engine.
struct EngineParts {
  boost::asio::io_context& io;
  const Clock& clock;
  log::Logger& log;
  logs::LogRelay& relay;
  sockets::ListenerSet& listeners;
  sockets::RuntimeDir& runtime_dir;
  TelemetryLink& telemetry;
  SnapshotCell& snapshots;
  EventLog& events;
  Heartbeat& heartbeat;
  LoopMetrics& metrics;
  std::string status_address;  // of the TCP status endpoint; empty: it is off
  std::string instance;        // by which the guardian finds our processes
  const process::Cgroups& cgroups;
  process::GuardianWatch* guardian = nullptr;  // none where the platform guards
  bool watch = false;                          // also in production: holdfast run --watch
  CrashRecorder::Observers crash_observers = {};
  // Told of each configuration that a reload has put in force, on the main loop. May be empty.
  std::function<void(const config::Config&)> on_config = {};
  const process::OwnChildren* own_children = nullptr;  // of other threads; not to be reaped
};

class Engine final : public FleetControl, public MemoryObserver {
 public:
  Engine(const EngineParts& parts, config::Config config, PreparedPrograms prepared,
         Environ environ, bool is_pid1);

  // Opens the notification socket and the signals; nothing is started yet.
  Result<void> open();
  // Starts the fleet and runs it until it is shut down. Returns the exit code.
  int run();

  // A line of its output says that the process is ready. From any thread.
  void ready_line_seen(const core::ProcessId& process);
  // These have answered a scrape of their metrics. From any thread.
  void scraped(std::vector<core::ProcessId> workers);
  // A program's log file begins to lose lines, or no longer does. From any thread.
  void log_file_changed(const std::string& program, const std::string& message);

  void command(core::Command command, Answer answer, Done done) override;
  void reload(Answer answer, Done done) override;
  void choose_log_level(std::vector<std::string> names, std::optional<log::Level> level,
                        Done done) override;
  void preview(config::SourceFiles files, PreviewDone done) override;
  void memory_used(const core::ProcessId& process, std::uint64_t bytes) override;

 private:
  // Advances the core by one event and performs what it asks for.
  void feed(core::Event event);
  void perform(const core::Action& action);
  void arm_timer(MonoTime at);
  void begin_drain();
  void on_second();  // loop lag, heartbeat, the service manager's watchdog
  void on_signal(int signal);
  void check_listeners(MonoTime now);
  void restart_users_of(const std::string& listener);

  Preview preview_of(const config::SourceFiles& files) const;
  void apply_reload(Answer answer, Done done);
  void reload_over(const std::vector<std::string>& for_next_start, Outcome& outcome);
  Result<void> apply_socket_permissions();
  SnapshotPublisher::Listeners listener_addresses() const;
  bool may_watch() const;
  void announce_metrics();
  void use_redact_paths();

  EngineParts parts_;
  config::Config config_;
  const Environ environ_;
  core::Fleet fleet_;
  CrashRecorder crashes_;
  Processes processes_;
  ServiceManager service_manager_;
  Reporter reporter_;
  RuntimeWatch runtime_watch_;
  ListenerWatch listener_watch_;
  ReadinessAnnouncer announcer_;
  SnapshotPublisher publisher_;
  PendingRequests requests_;
  Schedules schedules_;
  Watches watches_;
  LogLevels log_levels_;
  std::unique_ptr<process::SignalSource> signals_;

  std::deque<core::Event> queue_;
  bool feeding_ = false;
  boost::asio::steady_timer core_timer_;
  boost::asio::steady_timer second_timer_;
  MonoTime next_second_{};
  std::optional<int> exit_code_;
};

}  // namespace holdfast::supervisor
