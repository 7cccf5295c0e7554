// SPDX-License-Identifier: Apache-2.0
#pragma once

// AlertWiring: the alerts of the supervisor put together: what happens goes to the alert thread,
// what that decides to the delivery, and what becomes of it back.
//
// Threads: the constructor, connect(), start() and end() on the main thread, the rest from any.

#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/alerts/alert_thread.hpp"
#include "supervisor/daemon/alert_delivery.hpp"
#include "supervisor/daemon/run_marker.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/snapshot.hpp"

#include <atomic>
#include <memory>
#include <optional>

namespace holdfast::supervisor::daemon {

class AlertWiring {
 public:
  // `events` must outlive it, and nothing is appended to them once it is gone.
  AlertWiring(const Clock& clock, const SnapshotCell& snapshots, EventLog& events,
              const log::Logger& log, const config::Config& config);
  ~AlertWiring();

  // Before start(). The delivery must outlive it.
  void connect(AlertDelivery& delivery);
  void start();
  // After a reload.
  void configure(const config::Config& config);
  // The stack has stopped: delivers what can still be delivered within the shutdown deadline.
  void end(Duration shutdown_deadline);

  // From the delivery's threads, before connect(), too.
  void on_outcome(const alerts::DeliveryOutcome& outcome);

  alerts::AlertThread& thread() { return *thread_; }

 private:
  const Clock& clock_;
  const log::Logger& log_;
  AlertDelivery* delivery_ = nullptr;
  std::optional<RunMarker> marker_;
  std::atomic<std::int64_t> shutdown_began_{0};  // on the monotonic clock; 0: not yet
  std::unique_ptr<alerts::AlertThread> thread_;
};

}  // namespace holdfast::supervisor::daemon
