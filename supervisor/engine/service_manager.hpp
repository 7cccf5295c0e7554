// SPDX-License-Identifier: Apache-2.0
#pragma once

// Upward: what the supervisor tells the service manager that started it (systemd), by the same
// protocol that its workers use (sd_notify(3)). Without NOTIFY_SOCKET nothing is sent.
//
// Threads: one.

#include "common/base/clock.hpp"
#include "common/notify/notify.hpp"
#include "supervisor/core/fleet.hpp"

#include <string>

namespace holdfast::supervisor {

class Upward {
 public:
  explicit Upward(notify::Notifier notifier) : notifier_(std::move(notifier)) {}

  // READY=1 the first time the fleet is ready, STATUS= whenever the summary changes.
  void fleet_changed(const core::FleetView& view);
  void stopping();
  // WATCHDOG=1, if a watchdog is wanted and half its time has passed. From the loop, each turn.
  void turned(MonoTime now);
  void reloading(MonoTime now);
  void reloaded();

 private:
  notify::Notifier notifier_;
  std::string status_;
  bool ready_sent_ = false;
  MonoTime fed_at_{};
};

// "ready: migrate done, queue-worker 1/1, api-worker 2/2"
std::string summary(const core::FleetView& view);

}  // namespace holdfast::supervisor
