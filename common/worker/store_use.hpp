// SPDX-License-Identifier: Apache-2.0
#pragma once

// StoreUse: shows in a worker's metrics what its store has in use: the files of the embedded
// engine, the connections of one that has a server.
//
// Threads: show_files() from any; show_connections() from one. Registry and store outlive it.

#include "common/metrics/store_metrics.hpp"
#include "common/store/store.hpp"

#include <optional>

namespace holdfast::worker {

class StoreUse {
 public:
  StoreUse(prometheus::Registry& registry, const store::Store& store);

  void show_files();  // may wait for the file system
  // `listens`: whether this process is one that hears of new jobs by way of the database.
  void show_connections(bool listens);

 private:
  const store::Store& store_;
  std::optional<metrics::FileMetrics> files_;
  std::optional<metrics::ConnectionMetrics> connections_;
};

}  // namespace holdfast::worker
