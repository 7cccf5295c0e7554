// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/schema.hpp"

#include "common/store/postgres/full_text.hpp"
#include "common/store/postgres/labels.hpp"
#include "common/store/postgres/transaction.hpp"

#include <algorithm>
#include <map>

namespace holdfast::store::postgres {

namespace {

// "holdfast", read as a number: other programs' locks in the same database have other keys.
constexpr std::int64_t kMigrationLock = 0x686f6c6466617374;

constexpr std::string_view kLockMigrations = "SELECT pg_advisory_xact_lock($1)";
// Waits for running statements, but not for ever: whoever comes after waits behind it.
constexpr std::string_view kPatience = "SELECT set_config('lock_timeout', '5s', true)";
constexpr std::string_view kState =
    "SELECT to_regclass('holdfast.schema_version') IS NOT NULL,"
    " EXISTS(SELECT 1 FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
    " WHERE n.nspname = 'holdfast'), current_setting('server_encoding')";
constexpr std::string_view kCreateSchema = "CREATE SCHEMA IF NOT EXISTS holdfast";
constexpr std::string_view kCreateVersions =
    "CREATE TABLE holdfast.schema_version("
    "version bigint PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL)";
constexpr std::string_view kCreateFloor =
    "CREATE TABLE holdfast.schema_floor(version bigint NOT NULL)";
constexpr std::string_view kFillFloor = "INSERT INTO holdfast.schema_floor VALUES(1)";
constexpr std::string_view kVersions =
    "SELECT version, (extract(epoch FROM applied_at) * 1000)::bigint FROM holdfast.schema_version"
    " ORDER BY version";
constexpr std::string_view kFloor = "SELECT version FROM holdfast.schema_floor";
constexpr std::string_view kHasTerms =
    "SELECT 1 FROM pg_attribute WHERE attrelid = to_regclass('holdfast.chunk')"
    " AND attname = 'terms_form'";
constexpr std::string_view kRecord =
    "INSERT INTO holdfast.schema_version VALUES($1, $2, clock_timestamp())";

struct State {
  std::map<std::int64_t, std::int64_t> applied;  // version -> when
  std::int64_t floor = 0;                        // the oldest binary that may use it
  std::int64_t version() const { return applied.empty() ? 0 : applied.rbegin()->first; }
};

Result<State> read_state(Transaction& transaction, const std::string& database) {
  const Rows there = transaction.run(Statement(kState));
  if (there.bytes(0, 2) != "UTF8") {
    return fail(ErrorKind::Unavailable,
                fmt::format("database '{}' has the encoding {}: Holdfast needs UTF8 (createdb "
                            "--encoding=UTF8 --template=template0)",
                            database, there.bytes(0, 2)));
  }
  State state;
  if (!there.boolean(0, 0)) {
    if (there.boolean(0, 1)) {
      return fail(ErrorKind::Unavailable,
                  fmt::format("the schema 'holdfast' of database '{}' belongs to another program: "
                              "it has no schema_version table",
                              database));
    }
    return state;
  }
  const std::vector<Statement> questions{Statement(kVersions), Statement(kFloor)};
  const Results answers = transaction.run(questions);
  for (int row = 0; row < answers[0].count(); ++row)
    state.applied[answers[0].integer(row, 0)] = answers[0].integer(row, 1);
  if (!answers[1].empty()) state.floor = answers[1].integer(0, 0);
  return state;
}

Failure too_new(const std::string& database, const State& state, std::int64_t expected) {
  return fail(ErrorKind::Unavailable,
              fmt::format("database '{}' has schema {}, which needs a binary that knows {}; this "
                          "one knows {}: the binary is too old, install the Holdfast that made "
                          "the schema or a newer one",
                          database, state.version(), state.floor, expected));
}

// What the server says to `work`, which returns a Result, as an Error.
template <class Work>
auto guarded_by_error(Work&& work) -> decltype(work()) {
  try {
    return work();
  } catch (const SqlFailure& failure) {
    return fail(failure.cause.error);
  }
}

Result<void> commit(PgConnection& connection) {
  const auto done = connection.exchange(Statement("COMMIT"), Within::Transaction);
  if (!done) return fail(done.error().error);
  return {};
}

void create_versions(Transaction& transaction) {
  transaction.run(Statement(kCreateVersions));
  transaction.run(Statement(kCreateFloor));
  transaction.run(Statement(kFillFloor));
}

// Applies the next migration, under the lock; false: there is none left. Each looks for itself
// what the others have done meanwhile.
Result<bool> apply_next(PgConnection& connection, std::span<const Migration> migrations,
                        std::optional<std::int64_t>& from) {
  Transaction transaction(connection, kBegin);
  transaction.run(Statement(kLockMigrations).bind(kMigrationLock));
  transaction.run(Statement(kPatience));
  HOLDFAST_TRY_ASSIGN(const State state, read_state(transaction, connection.endpoint().shown));
  if (!from) from = state.version();
  const std::int64_t newest = migrations.back().version;
  if (state.floor > newest) return too_new(connection.endpoint().shown, state, newest);
  const auto next = std::find_if(migrations.begin(), migrations.end(),
                                 [&](const Migration& m) { return m.version > state.version(); });
  if (next == migrations.end()) return false;
  if (state.version() == 0) {
    transaction.run(Statement(kCreateSchema));
    create_versions(transaction);
  }
  HOLDFAST_TRY(connection.run_script(next->sql));
  transaction.run(Statement(kRecord).bind(next->version, std::string(next->name)));
  HOLDFAST_TRY(commit(connection));
  return true;
}

// Indexes the terms of what has none, or has them in an older form: all chunks after a migration of
// the form, and those that a worker of the release before has written meanwhile. In small
// transactions: search and the workers go on.
Result<void> complete_index(PgConnection& connection) {
  constexpr std::int64_t kAtATime = 200;
  search::Analyser analyser;
  // Labels first: whoever is interrupted finds the older terms again, and so knows of them again.
  std::optional<bool> from_before;
  std::optional<std::int64_t> labelled = 0;
  for (bool indexed = true; labelled || indexed;) {
    Transaction transaction(connection, kBegin);
    if (transaction.run(Statement(kHasTerms)).empty()) return {};
    if (!from_before) from_before = has_older_terms(transaction);
    if (labelled) {
      labelled = label_missing(transaction, *labelled, kAtATime, *from_before);
    } else {
      indexed = index_missing(transaction, analyser, kAtATime);
    }
    HOLDFAST_TRY(commit(connection));
  }
  return {};
}

}  // namespace

Result<MigrationReport> migrate(const Endpoint& endpoint, std::span<const Migration> migrations) {
  const Cutoff none;
  HOLDFAST_TRY_ASSIGN(const auto connection, PgConnection::open(endpoint, none));
  HOLDFAST_TRY(connection->lift_statement_timeout());  // an index of a large table takes its time
  std::optional<std::int64_t> from;
  for (;;) {
    HOLDFAST_TRY_ASSIGN(const bool applied, guarded_by_error([&] {
                          return apply_next(*connection, migrations, from);
                        }));
    if (!applied) break;
  }
  HOLDFAST_TRY(guarded_by_error([&] { return complete_index(*connection); }));
  MigrationReport report;
  report.store = endpoint.shown;
  report.from = *from;
  report.to = std::max(*from, migrations.back().version);
  return report;
}

Result<MigrationStatus> migration_status(const Endpoint& endpoint,
                                         std::span<const Migration> migrations) {
  const Cutoff none;
  HOLDFAST_TRY_ASSIGN(const auto connection, PgConnection::open(endpoint, none));
  HOLDFAST_TRY_ASSIGN(const State state, guarded_by_error([&] {
                        Transaction transaction(*connection, kBeginReading);
                        return read_state(transaction, endpoint.shown);
                      }));
  MigrationStatus status;
  status.store = endpoint.shown;
  status.version = state.version();
  for (const Migration& migration : migrations) {
    const auto found = state.applied.find(migration.version);
    const auto at = found == state.applied.end() ? std::nullopt : std::optional(found->second);
    status.migrations.push_back({migration.version, migration.name, at});
  }
  status.too_new = state.floor > migrations.back().version;
  return status;
}

Result<void> check_schema(PgConnection& connection, std::int64_t expected) {
  return guarded_by_error([&]() -> Result<void> {
    Transaction transaction(connection, kBeginReading);
    HOLDFAST_TRY_ASSIGN(const State state, read_state(transaction, connection.endpoint().shown));
    if (state.floor > expected) return too_new(connection.endpoint().shown, state, expected);
    if (state.version() < expected) {
      return fail(ErrorKind::Unavailable,
                  fmt::format("database '{}' has schema {}, this binary needs {}: run "
                              "`holdfast-queue-worker migrate`",
                              connection.endpoint().shown, state.version(), expected));
    }
    return {};
  });
}

}  // namespace holdfast::store::postgres
