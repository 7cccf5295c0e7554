// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/sqlite_environment.hpp"

#include "tests/support/catch.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <csignal>

namespace holdfast::store::test {

SqliteEnvironment::SqliteEnvironment() {
  // Readable for everybody, so that a test can drop its privileges.
  std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
  REQUIRE(migrate_store(url()));
}

std::unique_ptr<Store> SqliteEnvironment::open(const OpenOptions& options) {
  auto store = open_store(url(), options, clock);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

std::unique_ptr<Environment> make_environment() {
  return std::make_unique<SqliteEnvironment>();
}

FullDisk::FullDisk(rlim_t bytes) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
  ::getrlimit(RLIMIT_FSIZE, &before_);
  const rlimit small{bytes, before_.rlim_max};
  ::setrlimit(RLIMIT_FSIZE, &small);
}

FullDisk::~FullDisk() {
  ::setrlimit(RLIMIT_FSIZE, &before_);
  std::signal(SIGXFSZ, handler_);
}

holdfast::test::Process store_child(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), HOLDFAST_STORE_CHILD);
  return holdfast::test::Process(arguments, {.input_pipe = true});
}

std::string sql(const std::filesystem::path& database, const std::string& statement) {
  SQLite::Database connection(database.native(), SQLite::OPEN_READWRITE, 5000);
  SQLite::Statement query(connection, statement);
  return query.executeStep() && query.getColumnCount() > 0 ? query.getColumn(0).getString() : "";
}

void require_intact(const std::filesystem::path& database) {
  REQUIRE(sql(database, "PRAGMA integrity_check") == "ok");
  REQUIRE(sql(database, "PRAGMA foreign_key_check").empty());
  // Throws if the index is not one of what it should hold.
  REQUIRE_NOTHROW(sql(database, "INSERT INTO chunk_terms(chunk_terms) VALUES('integrity-check')"));
  REQUIRE(
      sql(database,
          "SELECT (SELECT count(*) FROM chunk WHERE id NOT IN (SELECT id FROM chunk_terms_docsize))"
          " + (SELECT count(*) FROM chunk_terms_docsize WHERE id NOT IN (SELECT id FROM chunk))") ==
      "0");
  REQUIRE(sql(database,
              "SELECT count(*) FROM (SELECT queue, state, count(*) AS jobs FROM job"
              " WHERE finished_at IS NOT NULL GROUP BY 1, 2 EXCEPT"
              " SELECT queue, state, jobs FROM finished_count)") == "0");
}

}  // namespace holdfast::store::test
