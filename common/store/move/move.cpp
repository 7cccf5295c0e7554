// SPDX-License-Identifier: Apache-2.0
#include "common/store/move/move.hpp"

#include "common/store/migrations/migrations.hpp"
#include "common/store/move/source.hpp"
#include "common/store/move/target.hpp"
#include "common/store/postgres/hnsw.hpp"
#include "common/store/postgres/schema.hpp"

namespace holdfast::store {

namespace {

using move::Batch;
using move::Checksum;
using move::Source;
using move::Table;
using move::Target;
using Progress = std::function<void(const MoveProgress&)>;

Result<std::filesystem::path> file_of(const std::string& url) {
  constexpr std::string_view kScheme = "sqlite://";
  const std::filesystem::path path(url.starts_with(kScheme) ? url.substr(kScheme.size()) : "");
  if (path.is_absolute() && path.has_filename()) return path;
  return fail(ErrorKind::InvalidArgument,
              "a move goes from a file to a server: --from sqlite:///absolute/path.db "
              "--to postgresql://user@host/database");
}

Result<void> copy(Source& source, Target& target, const Table& table, const Progress& progress) {
  HOLDFAST_TRY_ASSIGN(const std::int64_t of, source.count(table));
  HOLDFAST_TRY_ASSIGN(move::Position position, target.position(table));
  std::int64_t rows = 0;
  if (position.key != 0) {
    HOLDFAST_TRY_ASSIGN(rows, target.count(table));
  }
  while (!position.end) {
    HOLDFAST_TRY_ASSIGN(const Batch batch, source.read(table, position.key));
    HOLDFAST_TRY(target.store(table, batch));
    position = {batch.last, batch.end};
    rows += static_cast<std::int64_t>(batch.rows.size());
    if (progress) progress({MoveProgress::Step::Copying, table.name, rows, of});
  }
  return {};
}

Failure differs(const Target& target, const Table& table, const std::string& where) {
  return fail(ErrorKind::Conflict,
              fmt::format("database '{}': the rows of holdfast.{}{} are not those of the file: one "
                          "of them was changed since the move began. Drop the schema (DROP SCHEMA "
                          "holdfast CASCADE) and move again",
                          target.describe(), table.name, where));
}

Result<MovedTable> compare(Source& source, Target& target, const Table& table,
                           const Progress& progress) {
  HOLDFAST_TRY_ASSIGN(const std::int64_t of, source.count(table));
  MovedTable moved{table.name, 0, 0};
  Checksum total;
  std::int64_t after = 0;  // keys count from 1
  for (bool end = false; !end;) {
    HOLDFAST_TRY_ASSIGN(const Batch batch, source.read(table, after));
    Checksum part;
    for (const move::Row& row : batch.rows) {
      part.add(row);
      total.add(row);
    }
    HOLDFAST_TRY_ASSIGN(const Target::Sum sum, target.sum(table, after, batch.last));
    const auto rows = static_cast<std::int64_t>(batch.rows.size());
    if (sum.rows != rows || sum.checksum != part.value()) {
      const std::string where = table.key.empty() || batch.rows.empty()
                                    ? ""
                                    : fmt::format(" with {} up to {}", table.key, batch.last);
      return differs(target, table, where);
    }
    moved.rows += rows;
    after = batch.last;
    end = batch.end;
    if (progress) progress({MoveProgress::Step::Comparing, table.name, moved.rows, of});
  }
  HOLDFAST_TRY_ASSIGN(const std::int64_t there, target.count(table));
  if (there != moved.rows) return differs(target, table, "");
  moved.checksum = total.value();
  return moved;
}

// The same for the file alone.
Result<MovedTable> add_up(Source& source, const Table& table, const Progress& progress) {
  HOLDFAST_TRY_ASSIGN(const std::int64_t of, source.count(table));
  MovedTable there{table.name, 0, 0};
  Checksum total;
  Batch batch;
  do {
    HOLDFAST_TRY_ASSIGN(batch, source.read(table, batch.last));
    for (const move::Row& row : batch.rows)
      total.add(row);
    there.rows += static_cast<std::int64_t>(batch.rows.size());
    if (progress) progress({MoveProgress::Step::Comparing, table.name, there.rows, of});
  } while (!batch.end);
  there.checksum = total.value();
  return there;
}

// One line for each table.
std::string text_of(const std::vector<MovedTable>& tables) {
  std::string text;
  for (const MovedTable& table : tables)
    text += fmt::format("{} {} {:x}\n", table.name, table.rows, table.checksum);
  return text;
}

// Of a file that was moved before: its rows are those that were moved.
Result<void> check_unchanged(Source& source, Target& target, const std::vector<Table>& tables,
                             const Progress& progress) {
  HOLDFAST_TRY_ASSIGN(const auto moved, target.checksums());
  if (!moved) return {};
  std::string changed;
  for (const Table& table : tables) {
    HOLDFAST_TRY_ASSIGN(const MovedTable now, add_up(source, table, progress));
    if (('\n' + *moved).find('\n' + text_of({now})) != std::string::npos) continue;
    changed += (changed.empty() ? "" : ", ") + table.name;
  }
  if (changed.empty()) return {};
  return fail(ErrorKind::Conflict,
              fmt::format("the file was moved into database '{}' before, and written to since then "
                          "(rows of {} differ from those that were moved): what is new in it was "
                          "not moved. A file is moved once",
                          target.describe(), changed));
}

}  // namespace

Result<MoveReport> move_store(const std::string& from, const std::string& to,
                              const OpenOptions& options, const Progress& progress) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, file_of(from));
  if (!is_server(to)) {
    return fail(ErrorKind::InvalidArgument,
                "a move goes to a server: --to postgresql://user@host/database");
  }
  HOLDFAST_TRY_ASSIGN(
      const postgres::Endpoint endpoint,
      postgres::make_endpoint(to, options.statement_timeout, options.connect_timeout));
  HOLDFAST_TRY_ASSIGN(Source source, Source::open(path));
  HOLDFAST_TRY(postgres::migrate(endpoint, postgres_migrations()));
  HOLDFAST_TRY_ASSIGN(Target target, Target::open(endpoint));
  HOLDFAST_TRY_ASSIGN(std::vector<Table> tables, source.tables());
  HOLDFAST_TRY_ASSIGN(tables, target.match(std::move(tables)));
  HOLDFAST_TRY_ASSIGN(const std::string identity, source.identity());
  HOLDFAST_TRY_ASSIGN(const Target::Standing standing, target.begin(identity, tables));
  MoveReport report;
  report.from = source.describe();
  report.to = target.describe();
  report.resumed = standing == Target::Standing::Begun;
  report.already = standing == Target::Standing::Complete;
  HOLDFAST_TRY_ASSIGN(const auto sequences, source.sequences());
  if (report.already) {
    HOLDFAST_TRY(target.check_numbers(sequences));
    HOLDFAST_TRY(check_unchanged(source, target, tables, progress));
  } else {
    for (const Table& table : tables) {
      HOLDFAST_TRY(copy(source, target, table, progress));
    }
    report.changed_text = source.changed_text();
    for (const Table& table : tables) {
      HOLDFAST_TRY_ASSIGN(MovedTable moved, compare(source, target, table, progress));
      report.tables.push_back(std::move(moved));
    }
    // What documents are found by is the target's own.
    HOLDFAST_TRY(postgres::migrate(endpoint, postgres_migrations()));
    HOLDFAST_TRY(target.complete(sequences, text_of(report.tables)));
  }
  // Last: an index is made quicker of rows that are there than row by row.
  HOLDFAST_TRY_ASSIGN(report.vector_search, postgres::index_vectors(endpoint, options.dimensions));
  return report;
}

}  // namespace holdfast::store
