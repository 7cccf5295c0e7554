// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outbox: what the delivery has accepted and not yet delivered, on disk. Where it cannot be
// written, delivery goes on without.
//
// Threads: any.

#include "common/base/clock.hpp"
#include "supervisor/alerts/database.hpp"
#include "supervisor/alerts/queue.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

class Outbox {
 public:
  // `database` must outlive it.
  explicit Outbox(Database& database);

  // What is kept for a receiver, in order. What cannot be read is left out and deleted.
  std::vector<StoredEntry> load(const std::string& receiver);
  // The receivers that something is kept for.
  std::vector<std::string> receivers();
  void apply(const std::string& receiver, const QueueChanges& changes);
  // Returns the ids of the notifications.
  std::vector<std::string> forget(const std::string& receiver);

 private:
  Database& database_;
};

}  // namespace holdfast::supervisor::alerts
