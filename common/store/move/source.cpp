// SPDX-License-Identifier: Apache-2.0
#include "common/store/move/source.hpp"

#include "common/auth/digest.hpp"
#include "common/store/migrations/migrations.hpp"
#include "common/store/postgres/values.hpp"
#include "common/store/sqlite/entrance.hpp"
#include "common/store/sqlite/former_files.hpp"
#include "common/store/sqlite/location.hpp"
#include "common/store/sqlite/log_owner.hpp"
#include "common/store/sqlite/private_files.hpp"
#include "common/text/hex.hpp"

#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <set>

namespace holdfast::store::move {

namespace {

constexpr std::size_t kBatchRows = 500;
constexpr std::size_t kBatchBytes = std::size_t{4} << 20;

// In this order: a row refers to earlier ones only. Tables that are not named here come after them.
struct Known {
  std::string_view name;
  std::string_view key;
};
constexpr std::array<Known, 7> kKnown{{{"api_key", ""},
                                       {"queue_ctl", ""},
                                       {"document", "seq"},
                                       {"document_content", "document"},
                                       {"chunk", "id"},
                                       {"job", "id"},
                                       {"idempotency", ""}}};
// Of a file, or of processes that have ended; counts are kept, and labels made, by the target
// itself.
constexpr std::array<std::string_view, 7> kLeft{
    "worker",        "finished_count", "chunk_change", "document_label",
    "hidden_chunks", "schema_version", "schema_floor"};
// A job that is still marked as running has no worker any more, as nobody has the file open: it is
// given back with its attempt, as at a shutdown.
struct Changed {
  std::string_view table;
  std::string_view column;
  std::string_view expression;  // empty: left out
};
constexpr std::array<Changed, 8> kChanged{
    {{"job", "state", "CASE state WHEN 2 THEN 0 ELSE state END"},
     {"job", "attempt", "CASE state WHEN 2 THEN max(attempt - 1, 0) ELSE attempt END"},
     {"job", "started_at", "CASE state WHEN 2 THEN NULL ELSE started_at END"},
     {"job", "worker_id", ""},
     {"document", "chunks_job", ""},
     {"document", "chunks_fence", ""},
     {"chunk", "terms_form", ""},  // the server's terms are made anew
     {"job", "deadline_mono", ""}}};

const Changed* find_changed(std::string_view table, std::string_view column) {
  const auto* const found = std::find_if(kChanged.begin(), kChanged.end(), [&](const Changed& c) {
    return c.table == table && c.column == column;
  });
  return found == kChanged.end() ? nullptr : found;
}

std::string in_quotes(std::string_view name) {
  return '"' + std::string(name) + '"';
}

std::size_t place(std::string_view table) {
  const auto* const found = std::find_if(kKnown.begin(), kKnown.end(),
                                         [&](const Known& known) { return known.name == table; });
  return static_cast<std::size_t>(found - kKnown.begin());
}

// Chunks that no search may find are waste, and stay behind.
std::string relation(const Table& table) {
  return in_quotes(table.name == "chunk" ? "shown_chunk" : table.name);
}

std::string select(const Table& table) {
  std::string sql = "SELECT ";
  for (const Column& column : table.columns) {
    const Changed* const changed = find_changed(table.name, column.name);
    sql += changed == nullptr ? in_quotes(column.name) : std::string(changed->expression);
    sql += ", ";
  }
  sql += (table.key.empty() ? "0" : in_quotes(table.key)) + " FROM " + relation(table);
  if (!table.key.empty()) {
    sql += fmt::format(" WHERE {0} > ?1 ORDER BY {0} LIMIT {1}", in_quotes(table.key), kBatchRows);
  }
  return sql;
}

}  // namespace

Result<Source> Source::open(const std::filesystem::path& path) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path real, sqlite::trusted_path(path));
  HOLDFAST_TRY_ASSIGN(const sqlite::Entrance entrance, sqlite::Entrance::enter(real));
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored)) {
    return fail(ErrorKind::NotFound, fmt::format("database '{}' does not exist", path.native()));
  }
  HOLDFAST_TRY(sqlite::refuse_planted_files(real, true));
  HOLDFAST_TRY(sqlite::await_former_files(path, !sqlite::SqliteConnection::is_any_open()));
  HOLDFAST_TRY(sqlite::check_log_owner(path));
  Source source(path, nullptr);
  try {
    source.database_ = std::make_unique<SQLite::Database>(
        real.native(), SQLite::OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW);
    sqlite3* const handle = source.database_->getHandle();
    HOLDFAST_TRY(sqlite::check_log_mode(handle, path));
    // The file and its log stay as they are.
    sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
    source.database_->exec("PRAGMA wal_autocheckpoint = 0");
    // Asked for before the file is read, this lock excludes every other connection, idle ones too.
    source.database_->exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE");
    SQLite::Statement version(*source.database_, "SELECT max(version) FROM schema_version");
    version.executeStep();
    if (sqlite::is_replaced(handle, path)) {
      return fail(
          ErrorKind::Conflict,
          fmt::format("database '{}' was replaced while it was being opened: run this again "
                      "when nobody else is at it",
                      path.native()));
    }
    const std::int64_t found = version.getColumn(0).getInt64();
    const std::int64_t newest = sqlite_migrations().back().version;
    if (found != newest) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("database '{}' has schema {}, and this binary moves {}: {}",
                              path.native(), found, newest,
                              found < newest
                                  ? "bring it up to date by `holdfast-queue-worker migrate` first"
                                  : "use the Holdfast that has made it, or a newer one"));
    }
  } catch (const SQLite::Exception& exception) {
    return fail(source.to_error(exception));
  }
  return source;
}

Error Source::to_error(const SQLite::Exception& exception) const {
  switch (exception.getErrorCode()) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return {ErrorKind::Conflict,
              fmt::format("database '{}' is in use: stop Holdfast, and whatever else has the file "
                          "open, so that nothing is stored in it any more, then run this again",
                          path_.native()),
              0};
    case SQLITE_NOTADB:
      return {ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a SQLite database", path_.native()), 0};
    case SQLITE_CORRUPT:
      return {ErrorKind::DataLoss, fmt::format("database '{}' is damaged", path_.native()), 0};
    case SQLITE_ERROR:
      return {ErrorKind::InvalidArgument,
              fmt::format("database '{}' is not one of Holdfast's: {}", path_.native(),
                          exception.what()),
              0};
    default:
      return {ErrorKind::Unavailable,
              fmt::format("database '{}' cannot be read: {}", path_.native(), exception.what()), 0};
  }
}

Result<std::vector<Table>> Source::tables() {
  std::vector<Table> tables;
  try {
    SQLite::Statement names(*database_,
                            "SELECT name FROM pragma_table_list WHERE schema = 'main'"
                            " AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'");
    while (names.executeStep()) {
      Table table;
      table.name = names.getColumn(0).getString();
      if (std::find(kLeft.begin(), kLeft.end(), table.name) != kLeft.end()) continue;
      if (place(table.name) < kKnown.size()) table.key = kKnown.at(place(table.name)).key;
      SQLite::Statement columns(*database_, "SELECT name FROM pragma_table_info(?1)");
      columns.bind(1, table.name);
      while (columns.executeStep()) {
        const std::string name = columns.getColumn(0).getString();
        const Changed* const changed = find_changed(table.name, name);
        if (changed != nullptr && changed->expression.empty()) continue;
        table.columns.push_back({name, ""});
      }
      tables.push_back(std::move(table));
    }
  } catch (const SQLite::Exception& exception) {
    return fail(to_error(exception));
  }
  std::stable_sort(tables.begin(), tables.end(),
                   [](const Table& a, const Table& b) { return place(a.name) < place(b.name); });
  return tables;
}

Result<std::int64_t> Source::count(const Table& table) {
  try {
    SQLite::Statement statement(*database_, "SELECT count(*) FROM " + relation(table));
    statement.executeStep();
    return statement.getColumn(0).getInt64();
  } catch (const SQLite::Exception& exception) {
    return fail(to_error(exception));
  }
}

Row Source::read_row(const Table& table, SQLite::Statement& statement) {
  Row row;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const SQLite::Column value = statement.getColumn(static_cast<int>(i));
    if (value.isNull()) {
      row.emplace_back();
      continue;
    }
    // The bytes of a text, or of a number as text.
    const char* const text =
        static_cast<const char*>(value.isBlob() ? value.getBlob() : value.getText());
    const auto size = static_cast<std::size_t>(value.getBytes());
    std::string bytes(size == 0 ? "" : text, size);
    if (table.columns[i].type == "text" && !postgres::is_storable_text(bytes)) {
      bytes = postgres::storable_text(bytes);
      ++changed_text_;
    }
    row.emplace_back(std::move(bytes));
  }
  return row;
}

Result<Batch> Source::read(const Table& table, std::int64_t after) {
  Batch batch;
  batch.after = after;
  batch.last = after;
  try {
    SQLite::Statement statement(*database_, select(table));
    if (!table.key.empty()) statement.bind(1, after);
    std::size_t bytes = 0;
    bool more = false;
    while ((more = statement.executeStep()) && (table.key.empty() || bytes < kBatchBytes)) {
      batch.rows.push_back(read_row(table, statement));
      batch.last = statement.getColumn(static_cast<int>(table.columns.size())).getInt64();
      for (const auto& value : batch.rows.back())
        bytes += value ? value->size() : 0;
    }
    batch.end = !more && (table.key.empty() || batch.rows.size() < kBatchRows);
    return batch;
  } catch (const SQLite::Exception& exception) {
    return fail(to_error(exception));
  }
}

Result<std::map<std::string, std::int64_t>> Source::sequences() {
  try {
    std::map<std::string, std::int64_t> highest;
    SQLite::Statement statement(*database_, "SELECT name, seq FROM sqlite_sequence");
    while (statement.executeStep())
      highest[statement.getColumn(0).getString()] = statement.getColumn(1).getInt64();
    return highest;
  } catch (const SQLite::Exception& exception) {
    return fail(to_error(exception));
  }
}

Result<std::string> Source::identity() {
  try {
    std::string text;
    SQLite::Statement statement(
        *database_,
        "SELECT version, name, applied_at FROM schema_version ORDER BY version LIMIT 1");
    while (statement.executeStep()) {
      text += fmt::format("{} {} {}\n", statement.getColumn(0).getInt64(),
                          statement.getColumn(1).getString(), statement.getColumn(2).getInt64());
    }
    return text::to_hex(auth::sha256(text));
  } catch (const SQLite::Exception& exception) {
    return fail(to_error(exception));
  }
}

}  // namespace holdfast::store::move
