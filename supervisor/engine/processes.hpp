// SPDX-License-Identifier: Apache-2.0
#pragma once

// Processes: the processes that are running, from their launch until they have been reaped. It
// turns the core's Spawn and Signal into system calls, and what the processes do into events:
// exits, notifications, answers to readiness probes.
//
// Threads: the main loop. Destroying it leaves the processes alone.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "supervisor/core/fleet.hpp"
#include "supervisor/engine/crash_recorder.hpp"
#include "supervisor/engine/prober.hpp"
#include "supervisor/engine/readiness_probe.hpp"
#include "supervisor/engine/spawner.hpp"
#include "supervisor/process/cgroup.hpp"
#include "supervisor/process/child.hpp"
#include "supervisor/process/guardian_watch.hpp"
#include "supervisor/process/oom_count.hpp"
#include "supervisor/process/own_children.hpp"
#include "supervisor/process/reaper.hpp"
#include "supervisor/process/remains.hpp"
#include "supervisor/sockets/notify_sockets.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/telemetry_link.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <sys/types.h>

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

class Processes {
 public:
  // What it works with; all of it outlives the object.
  struct Parts {
    boost::asio::io_context& io;
    const Clock& clock;
    const log::Logger& log;
    const core::Fleet& fleet;
    logs::LogRelay& relay;
    TelemetryLink& telemetry;
    EventLog& events;
    LoopMetrics& metrics;
    const process::Cgroups& cgroups;
    CrashRecorder& crashes;
    process::GuardianWatch* guardian = nullptr;          // none where the platform guards
    const process::OwnChildren* own_children = nullptr;  // of other threads
  };
  using OnEvent = std::function<void(core::Event)>;

  Processes(const Parts& parts, Spawner spawner, OnEvent on_event);
  ~Processes();

  // Opens the notification socket that all share, and adopts orphans from now on.
  Result<void> open(const sockets::RuntimeDir& runtime_dir);
  // Lets programs that run as another user send notifications.
  Result<void> let_others_notify() { return notify_->let_others_send(); }
  // Make again the files of sockets that have vanished. Return how many.
  Result<std::size_t> restore_notify_sockets() { return notify_->restore(); }
  std::size_t restore_worker_sockets() { return spawner_.restore_sockets(); }
  // What a new configuration needs for its next launches.
  void use(PreparedPrograms prepared, std::string config_file) {
    spawner_.use(std::move(prepared), std::move(config_file));
  }

  void forget_former_listeners() { spawner_.forget_former_listeners(); }
  bool is_own(const std::string& program) const { return spawner_.is_own(program); }
  // See Spawner.
  void choose_log_level(const std::string& program, std::optional<std::uint32_t> slot,
                        std::optional<log::Level> level) {
    spawner_.choose_log_level(program, slot, level);
  }
  void reset_log_levels() { spawner_.reset_log_levels(); }

  void spawn(const core::Spawn& action);
  void signal(const core::Signal& action);
  void check_health(const core::CheckHealth& action);

  // A new configuration is in force: the limits of the cgroups that there are follow it.
  void apply_limits();
  // Tells of processes that the kernel has killed for lack of memory while their worker goes on, or
  // in the stack as a whole where workers have no cgroups.
  void watch_for_oom_kills();

  void reap_orphans();  // on SIGCHLD
  // At the end, when the loop does not run any more: completes the crash reports that wait for the
  // last lines of a process with what has been read of them.
  void finish_crash_reports();
  sockets::NotifyCounters notify_counters() const { return notify_->counters(); }

 private:
  struct Running {
    std::string program;
    std::string worker;
    bool own = false;  // one of Holdfast's workers
    bool has_socket = false;
    MonoTime started_at{};
    Fd in_flight;
    bool scrape_last = false;  // its metrics are scraped once more before it is asked to stop
    std::optional<core::Signal> after_scrape;  // waits for that
    std::unique_ptr<boost::asio::steady_timer> scrape_timer;
    std::optional<process::Cgroup> cgroup;
    std::uint64_t oom_kills = 0;         // those told of
    std::uint64_t oom_kills_before = 0;  // and those told of a second earlier
    bool sent_kill = false;              // SIGKILL, by us
    bool child_refused = false;          // READY=1 from a child was ignored, and that was reported
    std::unique_ptr<process::Child> child;
    std::shared_ptr<const config::Program> made_from;
    std::vector<sockets::ListenerSet::Lease> listeners;  // that it was started with
    std::unique_ptr<ReadinessProbe> probe;
    std::unique_ptr<Probe> health;         // the check under way
    std::optional<core::ExitStatus> exit;  // its first process has exited
    bool told = false;                     // and the core knows
    bool searching = false;                // for what is left of it, on the other thread
    bool killed = false;                   // whatever of it is found gets SIGKILL
    std::vector<process::Remain> remains;
  };

  // The last lines of processes, on their way from the log thread, which may outlive us.
  struct LastLines {
    std::mutex mutex;
    boost::asio::io_context* io = nullptr;  // null: nobody takes them any more
    std::vector<std::pair<core::ProcessId, std::vector<std::string>>> of;
  };

  void fail_spawn(const core::ProcessId& process, std::string step, int os_error);
  void note_end(const core::ProcessId& process, Running& running);
  void read_last_lines(const core::ProcessId& process, bool and_remove);
  void take_last_lines();
  void tell_of_stack(const CrashReport& report);

  tl::expected<Spawned, process::LaunchError> launch(const core::Spawn& action,
                                                     const std::string& worker, int cgroup);
  void send(const core::Signal& action, const Running& running);
  void signal_after_scrape(const core::Signal& action, Running& running);
  std::optional<core::ProcessId> find(pid_t pid) const;
  // The process that `pid` descends from, by its session or its ancestors.
  std::optional<core::ProcessId> find_ancestor(pid_t pid) const;
  // Whose notifications those of `pid` are.
  std::optional<core::ProcessId> find_notifier(pid_t pid) const;
  ProbedWorker probed(const core::ProcessId& process, const Running& running) const;
  bool is_alone(const core::ProcessId& process) const;
  void probe_readiness(const core::ProcessId& process);
  void on_health(const core::ProcessId& process, ProbeAnswer answer);
  std::optional<process::Cgroup> make_cgroup(const config::Program& program,
                                             const std::string& name);
  bool out_of_memory(const Running& running) const;
  void tell(std::string kind, const core::ProcessId& process, const Running& running,
            std::string message);
  bool ends_descendants(const core::ProcessId& process) const;
  bool may_have_left_something() const;
  bool is_guardian(pid_t pid) const { return parts_.guardian && parts_.guardian->is(pid); }
  void search(const core::ProcessId& process);
  void on_found(const core::ProcessId& process, std::vector<process::Remain> found);
  void check_remains(const core::ProcessId& process);
  void check_remains_later();
  void conclude(const core::ProcessId& process);
  void on_exit(const core::ProcessId& process, const Result<core::ExitStatus>& status);
  void on_notification(const core::ProcessId& process, const sockets::NotifyMessage& message);
  void on_foreign_notification(pid_t sender, const sockets::NotifyMessage& message);

  Parts parts_;
  OnEvent on_event_;
  Spawner spawner_;
  boost::asio::thread_pool searcher_{1};  // reads /proc
  Prober prober_;
  std::unique_ptr<sockets::NotifySockets> notify_;
  process::Reaper reaper_;
  std::map<core::ProcessId, Running> running_;
  std::unordered_map<pid_t, core::ProcessId> by_pid_;
  std::set<pid_t> not_workers_;           // children from before the first worker: the guardian
  std::set<core::ProcessId> unfinished_;  // have exited and left something
  boost::asio::steady_timer remains_timer_;
  bool timer_armed_ = false;
  process::OomCount own_group_ = process::OomCount::of_own_group();
  std::shared_ptr<LastLines> last_lines_ = std::make_shared<LastLines>();
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // a queued result may outlive us
};

}  // namespace holdfast::supervisor
