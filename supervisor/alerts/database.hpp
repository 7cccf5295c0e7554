// SPDX-License-Identifier: Apache-2.0
#pragma once

// Database: alerts.db in the state directory, which the rules (tables alert_*) and the delivery
// (tables outbox_*) share. It is never in the way of alerting: a file that is damaged, or is not
// ours, is moved aside; where no file can be had, a database in memory takes its place, and nothing
// survives a restart. Either is told once, in the log.
//
// Threads: any; one call at a time gets the connection. A call may wait for the disk.

#include "common/base/result.hpp"
#include "common/log/logger.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

namespace holdfast::supervisor::alerts {

class Database {
 public:
  using Connection = store::sqlite::SqliteConnection;

  // WAL, synchronous=FULL, busy timeout 1 s, mode 0600. `log` must outlive it.
  Database(const std::filesystem::path& file, const log::Logger& log);

  // Runs `work` in one transaction, which is rolled back if it fails or throws SQLite::Exception.
  // A failure of the disk is told once, until a call succeeds again. A schema belongs here, too:
  // "CREATE TABLE IF NOT EXISTS …" from whoever owns the tables, when it starts.
  Result<void> transact(const std::function<Result<void>(Connection&)>& work);

  // False: in memory only.
  bool is_durable() const { return durable_; }

 private:
  void open();
  bool try_open();
  void move_aside(const std::string& why);
  void tell(const Error& error);

  const std::filesystem::path file_;
  const log::Logger& log_;
  std::mutex mutex_;
  std::unique_ptr<Connection> connection_;
  bool durable_ = false;
  bool told_ = false;
};

}  // namespace holdfast::supervisor::alerts
