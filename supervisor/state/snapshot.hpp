// SPDX-License-Identifier: Apache-2.0
#pragma once

// The state of the fleet for other threads: an immutable snapshot that the main loop publishes.
// Readers never wait for the main loop and never make it wait.

#include "common/base/clock.hpp"
#include "common/log/level.hpp"
#include "supervisor/core/fleet.hpp"
#include "supervisor/state/watch_state.hpp"

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

// What the kernel enforces of the workers' limits.
struct KernelLimits {
  bool delegated = false;                // each worker has a cgroup of its own
  std::vector<std::string> controllers;  // that are on: "cpu", "memory", "pids"
  std::string why_not;                   // if not delegated, for people
};

// A listener that a program has shut down, now or a moment ago.
struct ListenerTrouble {
  std::string listener;
  std::string message;
  bool reopened = false;
  MonoTime since{};
  MonoTime last_seen{};
};

struct FleetSnapshot {
  core::FleetView view;
  MonoTime taken_at{};  // with taken_at_wall, converts the view's times to wall time
  WallTime taken_at_wall{};
  MonoTime started_at{};  // of the supervisor
  WallTime started_at_wall{};
  std::int64_t pid = 0;                                        // of the supervisor
  std::vector<std::pair<std::string, std::string>> listeners;  // name, address as bound
  std::vector<ListenerTrouble> listener_troubles;
  KernelLimits kernel_limits;
  std::string store;    // config::store_text()
  WatchStates watches;  // of the programs whose files are watched
  bool last_reload_ok = true;
  std::string last_reload_error;  // why the last one failed; the first line is a summary
  WallTime last_reload_at{};
  // By program, by worker, or of "holdfast" itself: what was chosen until the next reload.
  std::map<std::string, log::Level> log_levels;
};

// Threads: any. The main loop stores, all others load.
class SnapshotCell {
 public:
  void store(std::shared_ptr<const FleetSnapshot> snapshot) {
    const std::lock_guard lock(mutex_);
    snapshot_.swap(snapshot);
  }
  std::shared_ptr<const FleetSnapshot> load() const {
    const std::lock_guard lock(mutex_);
    return snapshot_;
  }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const FleetSnapshot> snapshot_ = std::make_shared<FleetSnapshot>();
};

// Proof that the main loop is running: it stamps, /live reads.
class Heartbeat {
 public:
  void stamp(MonoTime now) { ns_.store(now.time_since_epoch().count(), std::memory_order_relaxed); }
  MonoTime last() const { return MonoTime(Duration(ns_.load(std::memory_order_relaxed))); }

 private:
  std::atomic<std::int64_t> ns_{0};
};

}  // namespace holdfast::supervisor
