// SPDX-License-Identifier: Apache-2.0
#pragma once

// SnapshotPublisher: publishes an immutable picture of the fleet for the other threads whenever it
// has changed. A burst of changes is published as one: at most one snapshot every 20 ms, which is
// how late a reader can be.
//
// Threads: the main loop.

#include "common/base/clock.hpp"
#include "supervisor/core/fleet.hpp"
#include "supervisor/state/snapshot.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

class SnapshotPublisher {
 public:
  using Listeners = std::vector<std::pair<std::string, std::string>>;  // name, address as bound
  using OnPublished = std::function<void(const FleetSnapshot&)>;

  // The references outlive the publisher. `listeners` is asked for each snapshot; `on_published` is
  // called after each one has been stored.
  SnapshotPublisher(boost::asio::io_context& io, const Clock& clock, const core::Fleet& fleet,
                    SnapshotCell& cell, std::function<Listeners()> listeners,
                    OnPublished on_published);

  // The supervisor starts now. Readers who are there before the first worker see who it is.
  void start(KernelLimits kernel_limits = {});

  // Publishes if the fleet has changed, now or at the end of the pause.
  void publish();
  // The same without the pause: for a reply whose reader will look at the status next.
  void publish_if_changed();
  // Publishes in any case.
  void publish_now();

  // For the snapshots that follow.
  void listener_troubles(std::vector<ListenerTrouble> troubles) { troubles_ = std::move(troubles); }
  // What is watched, for the snapshots that follow.
  void watches(WatchStates watches) { watches_ = std::move(watches); }

  void store(std::string text) { store_ = std::move(text); }
  void log_levels(std::map<std::string, log::Level> levels) { log_levels_ = std::move(levels); }

  // The outcome of a reload, for the snapshots that follow.
  void reload_succeeded();
  void reload_failed(std::string why);

 private:
  std::shared_ptr<const FleetSnapshot> take() const;

  const Clock& clock_;
  const core::Fleet& fleet_;
  SnapshotCell& cell_;
  std::function<Listeners()> listeners_;
  OnPublished on_published_;
  boost::asio::steady_timer timer_;
  bool timer_armed_ = false;
  MonoTime started_at_{};
  WallTime started_at_wall_{};
  KernelLimits kernel_limits_;
  std::vector<ListenerTrouble> troubles_;
  WatchStates watches_;
  std::string store_;
  std::map<std::string, log::Level> log_levels_;
  MonoTime published_at_{};
  std::uint64_t published_revision_ = 0;
  bool last_reload_ok_ = true;
  std::string last_reload_error_;
  WallTime last_reload_at_{};
};

}  // namespace holdfast::supervisor
