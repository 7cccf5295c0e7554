// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServiceManager: the supervisor's notifications to the service manager that started it (systemd),
// by the same protocol that its workers use (sd_notify(3)). Without NOTIFY_SOCKET nothing is sent.
//
// Threads: one owner.

#include "common/base/clock.hpp"
#include "common/notify/notify.hpp"
#include "supervisor/core/fleet.hpp"

#include <string>

namespace holdfast::supervisor {

class ServiceManager {
 public:
  explicit ServiceManager(notify::Notifier notifier) : notifier_(std::move(notifier)) {}

  // READY=1 the first time the fleet is ready, STATUS= whenever the summary changes. What could not
  // be sent is sent again each second.
  void fleet_changed(const core::FleetView& view);
  void stopping();
  // WATCHDOG=1 if the manager expects it and half its interval will have passed by the next call.
  // To be called every second, so that a WatchdogSec= of 2 s is the shortest that can be kept.
  void feed_watchdog(MonoTime now);
  void reloading(MonoTime now);
  void reloaded();

 private:
  void send(std::string state);

  notify::Notifier notifier_;
  std::string status_;
  bool ready_sent_ = false;
  std::string unsent_;  // the last READY=1 or STOPPING=1, if the manager did not take it
  MonoTime fed_at_{};
};

// "migrate done, queue-worker 1/1, api-worker 2/2"
std::string count_ready(const core::FleetView& view);
// "ready: migrate done, queue-worker 1/1, api-worker 2/2"
std::string summary(const core::FleetView& view);

}  // namespace holdfast::supervisor
