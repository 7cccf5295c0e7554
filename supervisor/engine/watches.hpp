// SPDX-License-Identifier: Apache-2.0
#pragma once

// Watches: hands what the file watcher's thread sees to the main loop: changes to the core, states
// to the snapshots, and what cannot be watched to the log and the events.
//
// Threads: the main loop. The references outlive it, but for `io`, which must not run afterwards.

#include "common/config/config.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/engine/reporter.hpp"
#include "supervisor/engine/snapshot_publisher.hpp"
#include "supervisor/watch/file_watcher.hpp"

#include <boost/asio/io_context.hpp>

#include <filesystem>
#include <functional>

namespace holdfast::supervisor {

class Watches {
 public:
  Watches(boost::asio::io_context& io, std::filesystem::path user_ignore_file, Reporter& reporter,
          SnapshotPublisher& publisher, std::function<void(core::Event)> feed);

  // Watches what this configuration asks for; nothing if it may not.
  void use(const config::Config& config, bool may_watch);

 private:
  void states_are(const WatchStates& states);

  Reporter& reporter_;
  SnapshotPublisher& publisher_;
  WatchStates states_;
  watch::FileWatcher watcher_;  // last: its thread ends first
};

}  // namespace holdfast::supervisor
