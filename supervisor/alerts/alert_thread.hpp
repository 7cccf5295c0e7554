// SPDX-License-Identifier: Apache-2.0
#pragma once

// AlertThread: the thread on which rules and notifier run. Others give it what has happened, which
// costs them one short lock, and never wait for it; it waits for the disk. Under a flood of error
// lines it keeps their number and lets go of their texts.
//
// Threads: every method from any thread, but start() and stop() from the owner's.

#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/alerts/alert_store.hpp"
#include "supervisor/alerts/alert_view.hpp"
#include "supervisor/alerts/notifier.hpp"
#include "supervisor/alerts/rules.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::supervisor::alerts {

class AlertThread final : public CrashObserver {
 public:
  struct Parts {
    const Clock& clock;
    const SnapshotCell& snapshots;
    const log::Logger& log;
    AlertStore::Transact transact;
    // On the alert thread; does not wait for the network.
    std::function<void(Notification)> send;
    // Whether a message that was sent in an earlier life is still waiting to be delivered.
    std::function<bool(const std::string& receiver, const std::string& notification)> is_kept;
    // Once, before the first message: what fires, as the last life left it. May be empty.
    std::function<void(const std::vector<Alert>&)> restored;
  };

  AlertThread(Parts parts, const config::Config& config, std::vector<Route> routes,
              std::string host);
  ~AlertThread() override;  // stops
  AlertThread(const AlertThread&) = delete;

  void start();
  // Takes what has been given, sends what is due without waiting for more of the same kind, and
  // returns once that is done: at the latest at the deadline.
  void flush(MonoTime deadline);
  void stop();

  void on_event(const EventRecord& event);
  void on_crash(CrashReportPtr report) override;
  void on_error_line(const logs::ErrorLine& line);
  void on_totals(const telemetry::Totals& totals);
  void on_unclean_restart(std::string how);
  void on_outcome(Outcome outcome);
  void configure(const config::Config& config, std::vector<Route> routes);

  // `done` is called on the alert thread, when it is done and kept; that of unsilence() gets how
  // many silences there were. Neither is called once the thread stops.
  void silence(Silence silence, std::function<void()> done);
  void unsilence(std::string name, std::string target, std::function<void(std::size_t)> done);

  AlertViewPtr view() const;

 private:
  using Task = std::function<void(const Moment&)>;

  void post(Task task, bool urgent);
  void run();
  void work(std::vector<Task> tasks, std::map<std::string, std::uint64_t> left_out, bool flush);
  void save(const Moment& now);
  void publish(const Moment& now);
  NotifierSettings settings_for(const config::Config& config) const;

  const Parts parts_;
  const std::string host_;
  Rules rules_;        // of the thread
  Notifier notifier_;  // of the thread
  AlertStore store_;   // of the thread
  std::uint64_t saved_revision_ = 0;
  std::shared_ptr<const FleetSnapshot> seen_;  // the last one that was judged
  std::shared_ptr<const std::vector<Alert>> history_;
  std::uint64_t history_revision_ = 0;
  bool told_of_disk_ = false;

  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::condition_variable flushed_;
  std::vector<Task> tasks_;
  std::size_t lines_ = 0;                          // among the tasks
  std::map<std::string, std::uint64_t> left_out_;  // lines, by program
  bool urgent_ = false;                            // there is something to decide at once
  bool stop_ = false;
  bool flush_ = false;
  AlertViewPtr view_;
  std::thread thread_;
};

}  // namespace holdfast::supervisor::alerts
