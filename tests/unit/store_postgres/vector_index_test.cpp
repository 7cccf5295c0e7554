// SPDX-License-Identifier: Apache-2.0
// The vectors in the memory of a process, after the database under them was dumped and restored.

#include "common/store/postgres/vector_index.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

const std::vector<float> kEast{1, 0};
const std::vector<float> kNorth{0, 1};

// An index of its own, as each process has one.
struct Searcher {
  explicit Searcher(const PostgresEnvironment& environment) {
    auto endpoint = postgres::make_endpoint(environment.url(), 10s, 5s);
    REQUIRE(endpoint);
    auto opened = postgres::PgConnection::open(*endpoint, cutoff);
    if (!opened) FAIL(opened.error().message);
    connection = std::move(*opened);
  }
  std::size_t found(const std::vector<float>& query) {
    postgres::Transaction one_state(*connection, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    return index.nearest(one_state, query, 10, nullptr).size();
  }

  postgres::Cutoff cutoff;
  std::unique_ptr<postgres::PgConnection> connection;
  postgres::VectorIndex index{std::size_t{1} << 20, ""};
};

// Behind everybody's back: who loads everything again finds it, and nobody else does.
void turn_all_north(const PostgresEnvironment& environment) {
  environment.sql("UPDATE holdfast.chunk SET vector = '\\x000000000000803f'");
}

// As pg_restore leaves it: ids of transactions of the server that was dumped, ahead of this one's.
void come_from_an_older_server(const PostgresEnvironment& environment) {
  environment.sql("UPDATE holdfast.chunk_change SET transaction = '99999999999'");
  environment.sql("UPDATE holdfast.chunk_change_horizon SET transaction = '99999999999'");
}

}  // namespace

TEST_CASE("a database that was restored on another server loads its vectors once") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "d1", {chunk(0, "walrus", kEast)});
  come_from_an_older_server(environment);
  Searcher searcher(environment);
  REQUIRE(searcher.found(kEast) == 1);
  turn_all_north(environment);
  CHECK(searcher.found(kEast) == 1);
  CHECK(searcher.found(kNorth) == 0);
  SECTION("and goes on noticing what is changed") {
    store_ready(*store, "d2", {chunk(0, "penguin", kEast)});
    CHECK(searcher.found(kEast) == 2);
    CHECK(searcher.found(kNorth) == 0);
  }
  SECTION("what came from the other server is forgotten with what is old") {
    environment.advance(2h);
    REQUIRE(prune(*store, 24h));
    CHECK(environment.sql("SELECT count(*) FROM holdfast.chunk_change") == "0");
    CHECK(environment.sql("SELECT transaction < pg_snapshot_xmax(pg_current_snapshot())"
                          " FROM holdfast.chunk_change_horizon") == "t");
    CHECK(searcher.found(kNorth) == 1);
    environment.sql("UPDATE holdfast.chunk SET vector = '\\x0000803f00000000'");
    CHECK(searcher.found(kNorth) == 1);
  }
}

TEST_CASE("a process whose database is replaced by a restored one loads that one's vectors") {
  PostgresEnvironment environment;
  store_ready(*environment.open(), "d1", {chunk(0, "walrus", kEast)});
  Searcher searcher(environment);
  REQUIRE(searcher.found(kEast) == 1);
  // What is restored says nothing of when it was written.
  environment.sql(
      "CREATE TABLE holdfast.restored(transaction xid8 NOT NULL);"
      " INSERT INTO holdfast.restored SELECT transaction FROM holdfast.chunk_change_horizon;"
      " DROP TABLE holdfast.chunk_change_horizon;"
      " ALTER TABLE holdfast.restored RENAME TO chunk_change_horizon");
  turn_all_north(environment);
  CHECK(searcher.found(kNorth) == 1);
  CHECK(searcher.found(kEast) == 0);
}
