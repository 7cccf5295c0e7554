// SPDX-License-Identifier: Apache-2.0
#include "common/store/move/target.hpp"

#include "common/store/migrations/migrations.hpp"
#include "common/store/postgres/cutoff.hpp"
#include "common/store/postgres/schema.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <utility>

namespace holdfast::store::move {

using postgres::Rows;
using postgres::SqlFailure;
using postgres::Statement;
using postgres::Transaction;

namespace {

// "move", read as a number. Held by the session, so that it ends with the process.
constexpr std::int64_t kMoveLock = 0x6d6f7665;

constexpr std::string_view kTryLock = "SELECT pg_try_advisory_lock($1)";
constexpr std::string_view kIsBegun = "SELECT to_regclass('holdfast.move') IS NOT NULL";
constexpr std::string_view kRecord = "SELECT source, finished_at IS NOT NULL FROM holdfast.move";
constexpr std::string_view kCreateRecord =
    "CREATE TABLE holdfast.move(source text NOT NULL, began_at bigint NOT NULL,"
    " finished_at bigint, numbers text, checksums text)";
// A move that an older release has begun has no place for them.
constexpr std::string_view kAddChecksums =
    "ALTER TABLE holdfast.move ADD COLUMN IF NOT EXISTS checksums text";
constexpr std::string_view kCreatePositions =
    "CREATE TABLE holdfast.move_position(name text PRIMARY KEY, key bigint NOT NULL,"
    " ended boolean NOT NULL)";
constexpr std::string_view kBegin =
    "INSERT INTO holdfast.move(source, began_at) VALUES($1, holdfast.now_ms())";
constexpr std::string_view kFinish =
    "UPDATE holdfast.move SET finished_at = holdfast.now_ms(), numbers = $1, checksums = $2";
constexpr std::string_view kNumbers = "SELECT numbers FROM holdfast.move";
constexpr std::string_view kChecksums =
    "SELECT to_jsonb(m) ->> 'checksums' FROM holdfast.move AS m";
constexpr std::string_view kForgetPositions = "DROP TABLE holdfast.move_position";
constexpr std::string_view kPosition =
    "SELECT key, ended FROM holdfast.move_position WHERE name = $1";
constexpr std::string_view kSetPosition =
    "INSERT INTO holdfast.move_position(name, key, ended) VALUES($1, $2, $3)"
    " ON CONFLICT (name) DO UPDATE SET key = excluded.key, ended = excluded.ended";
constexpr std::string_view kWorkers =
    "SELECT name, host FROM holdfast.worker WHERE lease_until > holdfast.now_ms() LIMIT 1";
constexpr std::string_view kColumns =
    "SELECT table_name::text, column_name::text, data_type::text FROM information_schema.columns"
    " WHERE table_schema = 'holdfast'";
constexpr std::string_view kReloadVectors =
    "UPDATE holdfast.chunk_change_horizon SET transaction = pg_current_xact_id()";

// Tables whose rows are numbered, and by what.
constexpr std::array<std::pair<const char*, const char*>, 3> kNumbered{
    {{"document", "seq"}, {"chunk", "id"}, {"job", "id"}}};

// "document 12, chunk 40, job 14"
std::string text_of_numbers(const std::map<std::string, std::int64_t>& sequences) {
  std::string text;
  for (const auto& [table, column] : kNumbered) {
    const auto found = sequences.find(table);
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", table,
                        found == sequences.end() ? 0 : found->second);
  }
  return text;
}

// Runs `work`, which returns a Result, and turns what the server says into an Error.
template <class Work>
auto guarded_move(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const SqlFailure& failure) {
    return fail(failure.cause.error);
  }
}

std::string digest_of(const Column& column) {
  const std::string name = '"' + column.name + '"';
  const std::string text = column.type == "boolean" ? name + "::int" : name;
  const std::string bytes =
      column.type == "bytea" ? name : "convert_to(" + text + "::text, 'UTF8')";
  return "coalesce(sha256(" + bytes + "), '\\x00'::bytea)";
}

std::string list(const std::vector<Column>& columns) {
  std::string names;
  for (const Column& column : columns)
    names += (names.empty() ? "\"" : ", \"") + column.name + '"';
  return names;
}

// Rows come as one array for each column.
std::string insertion(const Table& table) {
  std::string values;
  std::string arrays;
  std::string names;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const bool bytes = column.type == "bytea";
    values += fmt::format("{}u.\"{}\"{}", i == 0 ? "" : ", ", column.name,
                          bytes || column.type == "text" ? "" : "::" + column.type);
    arrays += fmt::format("{}${}::{}[]", i == 0 ? "" : ", ", i + 1, bytes ? "bytea" : "text");
    names += fmt::format("{}\"{}\"", i == 0 ? "" : ", ", column.name);
  }
  return fmt::format(
      "INSERT INTO holdfast.{}({}) OVERRIDING SYSTEM VALUE SELECT {} FROM unnest({}) AS u({})",
      table.name, list(table.columns), values, arrays, names);
}

void bind_columns(Statement& statement, const Table& table, const std::vector<Row>& rows) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::vector<std::optional<std::string_view>> values;
    values.reserve(rows.size());
    for (const Row& row : rows)
      values.push_back(row[i] ? std::optional<std::string_view>(*row[i]) : std::nullopt);
    if (table.columns[i].type == "bytea") {
      statement.bind(postgres::NullableBytes{std::move(values)});
    } else {
      statement.bind(postgres::NullableTexts{std::move(values)});
    }
  }
}

}  // namespace

Result<Target> Target::open(const postgres::Endpoint& endpoint) {
  static const postgres::Cutoff none;
  HOLDFAST_TRY_ASSIGN(auto connection, postgres::PgConnection::open(endpoint, none));
  if (connection->is_pooled()) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("database '{}' is reached through a pooler, where a move cannot be "
                            "kept from running twice: give the server's own address",
                            endpoint.shown));
  }
  HOLDFAST_TRY(postgres::check_schema(*connection, postgres_migrations().back().version));
  HOLDFAST_TRY(connection->lift_statement_timeout());  // a batch takes longer than a request may
  return Target(std::move(connection));
}

Statement Target::statement(std::string sql) {
  return Statement(texts_->emplace(sql, sql).first->second);
}

Result<void> Target::commit(Transaction& transaction) {
  transaction.run(Statement("COMMIT"));
  return {};
}

Result<Target::Standing> Target::begin(const std::string& source,
                                       const std::vector<Table>& tables) {
  return guarded_move([&]() -> Result<Standing> {
    const auto locked = connection_->exchange(Statement(kTryLock).bind(kMoveLock));
    if (!locked) return fail(locked.error().error);
    if (!locked->boolean(0, 0)) {
      return fail(ErrorKind::Conflict,
                  fmt::format("another move into database '{}' is running", describe()));
    }
    Transaction transaction(*connection_, "BEGIN");
    if (transaction.run(Statement(kIsBegun)).boolean(0, 0)) {
      const Rows record = transaction.run(Statement(kRecord));
      if (record.empty() || record.text(0, 0) != source) {
        return fail(ErrorKind::Conflict,
                    fmt::format("database '{}' has taken in another file: move this one into a "
                                "database of its own",
                                describe()));
      }
      return record.boolean(0, 1) ? Standing::Complete : Standing::Begun;
    }
    for (const Table& table : tables) {
      const std::string any = "SELECT EXISTS(SELECT 1 FROM holdfast." + table.name + ")";
      if (!transaction.run(statement(any)).boolean(0, 0)) continue;
      return fail(ErrorKind::Conflict,
                  fmt::format("database '{}' is not empty: its table holdfast.{} has rows. Nothing "
                              "was changed. Move into an empty database",
                              describe(), table.name));
    }
    if (const Rows worker = transaction.run(Statement(kWorkers)); !worker.empty()) {
      return fail(ErrorKind::Conflict,
                  fmt::format("database '{}' is in use by worker '{}' of host '{}': start Holdfast "
                              "on it when the move is complete",
                              describe(), worker.text(0, 0), worker.text(0, 1)));
    }
    transaction.run(Statement(kCreateRecord));
    transaction.run(Statement(kCreatePositions));
    transaction.run(Statement(kBegin).bind(source));
    HOLDFAST_TRY(commit(transaction));
    return Standing::New;
  });
}

Result<std::vector<Table>> Target::match(std::vector<Table> tables) {
  return guarded_move([&]() -> Result<std::vector<Table>> {
    Transaction transaction(*connection_, "BEGIN READ ONLY");
    const Rows rows = transaction.run(Statement(kColumns));
    std::map<std::string, std::map<std::string, std::string>> types;
    for (int row = 0; row < rows.count(); ++row)
      types[rows.text(row, 0)][rows.text(row, 1)] = rows.text(row, 2);
    const std::set<std::string> known{"bigint", "integer", "smallint", "boolean", "text", "bytea"};
    for (Table& table : tables) {
      const auto& own = types[table.name];
      for (Column& column : table.columns) {
        const auto found = own.find(column.name);
        if (found != own.end() && known.contains(found->second)) {
          column.type = found->second;
          continue;
        }
        return fail(
            ErrorKind::InvalidArgument,
            fmt::format("database '{}' has no place for {}.{} of the file: use one Holdfast "
                        "for both",
                        describe(), table.name, column.name));
      }
    }
    return std::move(tables);
  });
}

Result<Position> Target::position(const Table& table) {
  const auto rows = connection_->exchange(Statement(kPosition).bind(table.name));
  if (!rows) return fail(rows.error().error);
  if (rows->empty()) return Position{};
  return Position{rows->integer(0, 0), rows->boolean(0, 1)};
}

Result<void> Target::store(const Table& table, const Batch& batch) {
  return guarded_move([&]() -> Result<void> {
    Transaction transaction(*connection_, "BEGIN");
    std::vector<Statement> statements;
    if (!batch.rows.empty()) {
      statements.push_back(statement(insertion(table)));
      bind_columns(statements.back(), table, batch.rows);
    }
    statements.push_back(Statement(kSetPosition).bind(table.name, batch.last, batch.end));
    transaction.run(statements);
    return commit(transaction);
  });
}

Result<Target::Sum> Target::sum(const Table& table, std::int64_t after, std::int64_t last) {
  std::string digests;
  for (const Column& column : table.columns)
    digests += (digests.empty() ? "" : " || ") + digest_of(column);
  std::string sql = fmt::format(
      "SELECT count(*), coalesce((sum(('x' || substr(encode(r.digest, 'hex'), 1, 15))::bit(60)"
      "::bigint) % 1152921504606846976)::bigint, 0)"
      " FROM (SELECT sha256({}) AS digest FROM holdfast.{}",
      digests, table.name);
  if (!table.key.empty()) sql += fmt::format(" WHERE \"{0}\" > $1 AND \"{0}\" <= $2", table.key);
  Statement question = statement(sql + ") AS r");
  if (!table.key.empty()) question.bind(after, last);
  const auto rows = connection_->exchange(question);
  if (!rows) return fail(rows.error().error);
  return Sum{rows->integer(0, 0), rows->integer(0, 1)};
}

Result<std::int64_t> Target::count(const Table& table) {
  const auto rows = connection_->exchange(statement("SELECT count(*) FROM holdfast." + table.name));
  if (!rows) return fail(rows.error().error);
  return rows->integer(0, 0);
}

Result<void> Target::complete(const std::map<std::string, std::int64_t>& sequences,
                              const std::string& checksums) {
  return guarded_move([&]() -> Result<void> {
    Transaction transaction(*connection_, "BEGIN");
    for (const auto& [table, column] : kNumbered) {
      const auto found = sequences.find(table);
      if (found == sequences.end() || found->second < 1) continue;
      transaction.run(
          statement(fmt::format("SELECT setval(pg_get_serial_sequence('holdfast.{}', '{}'), $1)",
                                table, column))
              .bind(found->second));
    }
    transaction.run(Statement(kReloadVectors));
    transaction.run(Statement(kForgetPositions));
    transaction.run(Statement(kAddChecksums));
    transaction.run(Statement(kFinish).bind(text_of_numbers(sequences), checksums));
    return commit(transaction);
  });
}

Result<void> Target::check_numbers(const std::map<std::string, std::int64_t>& sequences) {
  const auto rows = connection_->exchange(Statement(kNumbers));
  if (!rows) return fail(rows.error().error);
  const std::string now = text_of_numbers(sequences);
  if (rows->text(0, 0) == now) return {};
  return fail(ErrorKind::Conflict,
              fmt::format("the file was moved into database '{}' before, and written to since then "
                          "({}; then {}): what is new in it was not moved. A file is moved once",
                          describe(), now, rows->text(0, 0)));
}

Result<std::optional<std::string>> Target::checksums() {
  const auto rows = connection_->exchange(Statement(kChecksums));
  if (!rows) return fail(rows.error().error);
  if (rows->empty() || rows->is_null(0, 0)) return std::nullopt;
  return rows->text(0, 0);
}

}  // namespace holdfast::store::move
