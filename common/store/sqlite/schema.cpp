// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/schema.hpp"

#include "common/store/sqlite/entrance.hpp"
#include "common/store/sqlite/former_files.hpp"
#include "common/store/sqlite/full_text.hpp"
#include "common/store/sqlite/labels.hpp"
#include "common/store/sqlite/log_owner.hpp"
#include "common/store/sqlite/private_files.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <string>

namespace holdfast::store::sqlite {

namespace {

std::int64_t scalar(SqliteConnection& connection, std::string_view sql) {
  Query query = connection.query(sql);
  return query.step() ? query.integer(0) : 0;
}

bool has_table(SqliteConnection& connection, const std::string& name) {
  Query query = connection.query("SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1");
  return query.bind(name).step();
}

bool has_column(SqliteConnection& connection, const std::string& table, const std::string& name) {
  Query query = connection.query("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2");
  return query.bind(table, name).step();
}

void use_wal(SqliteConnection& connection) {
  // Kept in the file. Not possible inside a transaction.
  Query query = connection.query("PRAGMA journal_mode=WAL");
  if (query.step() && query.text(0) != "wal") {
    throw SQLite::Exception("this file system does not support SQLite's WAL mode");
  }
}

void apply(SqliteConnection& connection, const Migration& migration) {
  connection.exec("BEGIN IMMEDIATE");
  connection.exec(migration.sql);
  connection
      .query(
          "INSERT INTO schema_version(version, name, applied_at) VALUES(?1, ?2, "
          "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))")
      .bind(migration.version, migration.name)
      .run();
  connection.exec("COMMIT");
}

Result<MigrationReport> migrate_locked(SqliteConnection& connection,
                                       std::span<const Migration> migrations) {
  const std::int64_t newest = migrations.empty() ? 0 : migrations.back().version;
  HOLDFAST_TRY_ASSIGN(const std::int64_t from, schema_version(connection));
  if (from > newest) return too_new(connection, from, newest);
  use_wal(connection);
  connection.set_synchronous(Synchronous::Full);
  connection.exec(
      "CREATE TABLE IF NOT EXISTS schema_version("
      "version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT");
  for (const Migration& migration : migrations) {
    if (migration.version > from) apply(connection, migration);
  }
  connection.checkpoint(true);
  MigrationReport report;
  report.store = "sqlite " + connection.path().native();
  report.from = from;
  report.to = newest;
  return report;
}

// Puts into the index of terms what is not in it, or in an older form: all chunks after a migration
// of it, and those that a worker of the release before has written meanwhile. In small
// transactions, so that others write in between.
Result<void> complete_index(SqliteConnection& connection, WriteLock& lock) {
  constexpr std::int64_t kAtATime = 200;
  if (!has_column(connection, "chunk", "terms_form")) return {};
  search::Analyser analyser;
  // Labels first: whoever is interrupted finds the older terms again, and so knows of them again.
  const bool from_before = has_older_terms(connection);
  {
    HOLDFAST_TRY_ASSIGN(const WriteLock::Guard guard, lock.acquire());
    connection.exec("BEGIN IMMEDIATE");
    note_lost_terms(connection);
    connection.exec("COMMIT");
  }
  std::optional<std::int64_t> labelled = 0;
  for (std::int64_t indexed = 1; labelled || indexed > 0;) {
    HOLDFAST_TRY_ASSIGN(const WriteLock::Guard guard, lock.acquire());
    connection.exec("BEGIN IMMEDIATE");
    if (labelled) {
      labelled = label_missing(connection, *labelled, kAtATime, from_before);
    } else {
      indexed = index_missing(connection, analyser, kAtATime);
    }
    connection.exec("COMMIT");
  }
  return {};
}

}  // namespace

Result<std::int64_t> schema_version(SqliteConnection& connection) {
  if (has_table(connection, "schema_version")) {
    return scalar(connection, "SELECT max(version) FROM schema_version");
  }
  if (scalar(connection, "SELECT count(*) FROM sqlite_schema") > 0) {
    return fail(
        ErrorKind::Unavailable,
        fmt::format("database '{}' belongs to another program: it has no schema_version table",
                    connection.path().native()));
  }
  return 0;
}

Failure too_new(const SqliteConnection& connection, std::int64_t version, std::int64_t expected) {
  return fail(ErrorKind::Unavailable,
              fmt::format("database '{}' has schema {}, this binary knows {}: the binary is too "
                          "old, install the Holdfast that made the database or a newer one",
                          connection.path().native(), version, expected));
}

Result<MigrationReport> migrate(const std::filesystem::path& path,
                                std::span<const Migration> migrations) {
  std::error_code error;
  if (!std::filesystem::is_directory(path.parent_path(), error)) {
    return fail(ErrorKind::NotFound, fmt::format("database '{}': the directory '{}' does not exist",
                                                 path.native(), path.parent_path().native()));
  }
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path real, trusted_path(path));
  // Before the lock is taken, which those that let go of former files need.
  if (!SqliteConnection::is_any_open()) {
    HOLDFAST_TRY(await_former_files(path, true));
    HOLDFAST_TRY(await_users_without_note(path));
  }
  HOLDFAST_TRY_ASSIGN(WriteLock lock, WriteLock::open(real));
  std::unique_ptr<SqliteConnection> connection;
  MigrationReport report;
  {
    HOLDFAST_TRY_ASSIGN(const WriteLock::Guard guard, lock.acquire());
    HOLDFAST_TRY_ASSIGN(const Entrance entrance, Entrance::enter(real));
    HOLDFAST_TRY(keep_private(real));
    HOLDFAST_TRY_ASSIGN(connection, SqliteConnection::open(path, Access::Create));
    HOLDFAST_TRY_ASSIGN(
        report, guarded(*connection, [&] { return migrate_locked(*connection, migrations); }));
    HOLDFAST_TRY(note_log_owner(*connection));
  }
  HOLDFAST_TRY(guarded(*connection, [&] { return complete_index(*connection, lock); }));
  return report;
}

Result<MigrationStatus> migration_status(const std::filesystem::path& path,
                                         std::span<const Migration> migrations) {
  MigrationStatus status;
  status.store = "sqlite " + path.native();
  for (const Migration& migration : migrations)
    status.migrations.push_back({migration.version, migration.name, std::nullopt});
  std::error_code error;
  if (!std::filesystem::exists(path, error) && !error) return status;
  HOLDFAST_TRY_ASSIGN(const auto connection, SqliteConnection::open(path, Access::ReadOnly));
  return guarded(*connection, [&]() -> Result<MigrationStatus> {
    HOLDFAST_TRY_ASSIGN(status.version, schema_version(*connection));
    status.too_new = status.version > migrations.back().version;
    if (status.version == 0) return status;
    Query applied = connection->query("SELECT version, applied_at FROM schema_version");
    while (applied.step()) {
      for (MigrationStatus::Entry& entry : status.migrations) {
        if (entry.version == applied.integer(0)) entry.applied_at = applied.integer(1);
      }
    }
    return status;
  });
}

Result<void> check_schema(SqliteConnection& connection, std::int64_t expected) {
  return guarded(connection, [&]() -> Result<void> {
    HOLDFAST_TRY_ASSIGN(const std::int64_t version, schema_version(connection));
    if (version > expected) return too_new(connection, version, expected);
    if (version < expected) {
      return fail(ErrorKind::Unavailable,
                  fmt::format("database '{}' has schema {}, this binary needs {}: run "
                              "`holdfast-queue-worker migrate`",
                              connection.path().native(), version, expected));
    }
    return {};
  });
}

}  // namespace holdfast::store::sqlite
