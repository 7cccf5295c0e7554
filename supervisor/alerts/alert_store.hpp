// SPDX-License-Identifier: Apache-2.0
#pragma once

// AlertStore: what the notifier must not forget, in the tables alert_* of the state directory's
// alerts.db: which receiver has heard of what, silences, and what has been resolved. Only what has
// changed is written.
//
// Threads: one owner (the alert thread). Blocks for the disk. A database that cannot be read or
// written is an error, and alerting goes on in memory.

#include "common/base/result.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "supervisor/alerts/notifier.hpp"

#include <functional>
#include <map>
#include <string>

namespace holdfast::supervisor::alerts {

class AlertStore {
 public:
  using Work = std::function<Result<void>(store::sqlite::SqliteConnection&)>;
  // Runs the work in one transaction.
  using Transact = std::function<Result<void>(const Work&)>;

  explicit AlertStore(Transact transact) : transact_(std::move(transact)) {}

  Result<void> load(Notifier& notifier, const Moment& now);
  Result<void> save(const Notifier& notifier, const Moment& now);

 private:
  using Rows = std::map<std::string, std::string>;  // by key
  static void write_changes(store::sqlite::SqliteConnection& connection, const std::string& table,
                            const Rows& before, const Rows& now);

  Transact transact_;
  Rows episodes_;  // as last written
  Rows silences_;
  Rows history_;
  std::uint64_t sequence_ = 0;
};

}  // namespace holdfast::supervisor::alerts
