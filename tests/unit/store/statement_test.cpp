// SPDX-License-Identifier: Apache-2.0
#include "common/store/statement.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

using namespace holdfast::store;
using namespace holdfast::store::sqlite;
using namespace holdfast::store::test;

TEST_CASE("states in a statement become the numbers that the schema stores") {
  STATIC_REQUIRE(statement<"SELECT 1"> == "SELECT 1");
  STATIC_REQUIRE(statement<"{job.ready}"> == "0");
  STATIC_REQUIRE(statement<"state IN ({job.waiting}, {job.dead}) AND x"> ==
                 "state IN (1, 5) AND x");
  STATIC_REQUIRE(statement<"status = {document.failed}"> == "status = 2");
}

TEST_CASE("a claim reads its jobs from the index of ready jobs, without sorting") {
  SqliteEnvironment environment;
  const std::string claim(statement<"SELECT id FROM job WHERE state = {job.ready} AND queue = 'q'"
                                    " ORDER BY priority, id LIMIT 3">);
  SQLite::Database database(environment.path().native());
  SQLite::Statement plan(database, "EXPLAIN QUERY PLAN " + claim);
  std::string steps;
  while (plan.executeStep())
    steps += plan.getColumn(3).getString() + "\n";
  REQUIRE_THAT(steps, Catch::Contains("job_ready") && !Catch::Contains("TEMP B-TREE"));
}
