// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include "tests/support/catch.hpp"

#include <cstdlib>

namespace holdfast::store::test {

namespace {

constexpr const char* kTemplate = "template_holdfast";

void must(const Result<MigrationReport>& migrated) {
  if (!migrated) FAIL(migrated.error().message);
}

// Migrating takes a while; copying what was migrated does not.
void make_template(PostgresServer& server) {
  server.create_database(kTemplate);
  OpenOptions options;
  options.dimensions = 37;  // of the tests of the contract: a server with an index uses it there
  must(migrate_store(server.socket_url(kTemplate), options));
  server.sql(kTemplate,
             "CREATE TABLE holdfast.test_clock(ms bigint NOT NULL);"
             " INSERT INTO holdfast.test_clock VALUES(0);"
             " CREATE OR REPLACE FUNCTION holdfast.now_ms() RETURNS bigint LANGUAGE sql VOLATILE"
             " AS 'SELECT ms FROM holdfast.test_clock'");
}

}  // namespace

PostgresServer& shared_server() {
  static PostgresServer server;
  return server;
}

bool has_pgvector() {
  const bool has = shared_server().sql("postgres",
                                       "SELECT count(*) FROM pg_available_extensions"
                                       " WHERE name = 'vector'") == "1";
  if (std::getenv("HOLDFAST_TEST_PGVECTOR") != nullptr) REQUIRE(has);
  return has;
}

PostgresEnvironment::PostgresEnvironment() : server_ms_(clock.wall_ms()) {
  static int count = 0;
  PostgresServer& server = shared_server();
  if (count++ == 0) make_template(server);
  database_ = "test_" + std::to_string(count);
  server.create_database(database_, kTemplate);
  advance(0s);
}

PostgresEnvironment::~PostgresEnvironment() {
  shared_server().drop_database(database_);
}

std::unique_ptr<Store> PostgresEnvironment::open(const OpenOptions& options) {
  auto store = open_store(url(), options, clock);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

void PostgresEnvironment::advance(Duration by) {
  clock.advance(by);
  step_store_clock(by);
}

void PostgresEnvironment::step_store_clock(Duration by) {
  server_ms_ += std::chrono::duration_cast<std::chrono::milliseconds>(by).count();
  sql("UPDATE holdfast.test_clock SET ms = " + std::to_string(server_ms_));
}

Holder::Holder(const std::string& url, const std::string& statement)
    : connection_(PQconnectdb(url.c_str()), PQfinish) {
  run("BEGIN");
  run(statement);
}

void Holder::run(const std::string& statement) {
  PGresult* const result = PQexec(connection_.get(), statement.c_str());
  const ExecStatusType status = PQresultStatus(result);
  PQclear(result);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    FAIL(PQerrorMessage(connection_.get()));
  }
}

std::unique_ptr<Environment> make_environment() {
  return std::make_unique<PostgresEnvironment>();
}

}  // namespace holdfast::store::test
