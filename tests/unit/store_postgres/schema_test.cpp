// SPDX-License-Identifier: Apache-2.0
// Bringing a database up to date, beside others that do the same, and beside older workers.

#include "common/store/postgres/schema.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;

namespace {

const std::int64_t kNewest = postgres_migrations().back().version;

// An empty database of its own.
class Empty {
 public:
  explicit Empty(const std::string& name, const std::string& options = "") : name_(name) {
    shared_server().sql("postgres", fmt::format("CREATE DATABASE {} {}", name, options));
  }
  Empty(const Empty&) = delete;
  ~Empty() { shared_server().drop_database(name_); }
  std::string url() const { return shared_server().socket_url(name_); }
  std::string sql(const std::string& statement) const {
    return shared_server().sql(name_, statement);
  }

 private:
  std::string name_;
};

postgres::Endpoint endpoint(const std::string& url) {
  auto made = postgres::make_endpoint(url, 10s, 5s);
  REQUIRE(made);
  return *made;
}

std::vector<Migration> with_next(const char* sql) {
  std::vector<Migration> migrations(postgres_migrations().begin(), postgres_migrations().end());
  migrations.push_back({kNewest + 1, "next", sql});
  return migrations;
}

}  // namespace

TEST_CASE("migrating fills an empty database, and a second time changes nothing") {
  const Empty database("fresh");
  const auto before = migration_status(database.url());
  REQUIRE(before);
  REQUIRE(before->version == 0);
  REQUIRE_FALSE(before->migrations.front().applied_at);
  const auto first = migrate_store(database.url());
  if (!first) FAIL(first.error().message);
  REQUIRE(first->from == 0);
  REQUIRE(first->to == kNewest);
  const auto second = migrate_store(database.url());
  REQUIRE(second->from == kNewest);
  REQUIRE(second->to == kNewest);
  const auto after = migration_status(database.url());
  REQUIRE(after->version == kNewest);
  REQUIRE(after->migrations.front().applied_at);
}

TEST_CASE("four processes that migrate one empty database at once all succeed") {
  const Empty database("crowded");
  std::vector<holdfast::test::Process> children;
  for (int i = 0; i < 4; ++i) {
    children.emplace_back(
        std::vector<std::string>{HOLDFAST_STORE_CHILD, "migrate", database.url()});
  }
  for (auto& child : children) {
    const std::string output = child.read_to_end();
    INFO(output);
    REQUIRE(child.wait().shell_status() == 0);
    REQUIRE_THAT(output, Contains(fmt::format(" {}\n", kNewest)));
  }
  REQUIRE(database.sql("SELECT count(*) FROM holdfast.schema_version") == std::to_string(kNewest));
}

TEST_CASE("a migration that fails leaves the version before it, whole") {
  PostgresEnvironment environment;
  const auto broken =
      with_next("CREATE TABLE holdfast.half(x int); CREATE TABLE holdfast.half(y int)");
  const auto report = postgres::migrate(endpoint(environment.url()), broken);
  REQUIRE_FALSE(report);
  REQUIRE(environment.sql("SELECT to_regclass('holdfast.half') IS NULL") == "t");
  REQUIRE(environment.open()->check());
}

TEST_CASE("a worker goes on beside a newer schema that only adds") {
  PostgresEnvironment environment;
  const auto older = environment.open();
  const auto expand = with_next("ALTER TABLE holdfast.document ADD COLUMN language text");
  REQUIRE(postgres::migrate(endpoint(environment.url()), expand)->to == kNewest + 1);
  REQUIRE(create(*older, "d1"));
  REQUIRE(older->get_document("d1"));
  const auto started_later = environment.open();
  REQUIRE(started_later->get_document("d1"));
  // Nor does an older binary's migration undo it.
  REQUIRE(migrate_store(environment.url())->from == kNewest + 1);
  REQUIRE_FALSE(migration_status(environment.url())->too_new);
}

TEST_CASE("a schema that has taken something away refuses binaries that need it") {
  PostgresEnvironment environment;
  const std::string floor =
      fmt::format("UPDATE holdfast.schema_floor SET version = {}", kNewest + 1);
  const auto contract = with_next(floor.c_str());
  REQUIRE(postgres::migrate(endpoint(environment.url()), contract));
  const auto store = open_store(environment.url(), {}, environment.clock);
  REQUIRE_FALSE(store);
  REQUIRE(store.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(store.error().message, Contains("too old"));
  REQUIRE_THAT(migrate_store(environment.url()).error().message, Contains("too old"));
  REQUIRE(migration_status(environment.url())->too_new);
}

TEST_CASE("an empty database, and another program's schema, are refused with what to do") {
  const Empty database("another");
  const SystemClock clock;
  const auto empty = open_store(database.url(), {}, clock);
  REQUIRE_FALSE(empty);
  REQUIRE_THAT(empty.error().message, Contains("holdfast-queue-worker migrate"));
  database.sql("CREATE SCHEMA holdfast; CREATE TABLE holdfast.theirs(x int)");
  REQUIRE_THAT(migrate_store(database.url()).error().message, Contains("another program"));
  const auto nowhere = migrate_store(shared_server().socket_url("nowhere"));
  REQUIRE_THAT(nowhere.error().message, Contains("nowhere"));
}

TEST_CASE("a database that is being restored is unavailable, not wrong") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  const auto refused = [&] { return open_store(environment.url(), {}, environment.clock); };
  for (const char* const state :
       {"DROP TABLE holdfast.document CASCADE", "DROP TABLE holdfast.schema_floor",
        "DROP TABLE holdfast.schema_version", "DROP SCHEMA holdfast CASCADE"}) {
    INFO(state);
    environment.sql(state);
    // What a request gets meanwhile: 503, and not the server's words about a table.
    REQUIRE(store->get_document("d1").error().kind == ErrorKind::Unavailable);
    if (std::string_view(state).find("document") != std::string_view::npos) continue;
    REQUIRE(refused().error().kind == ErrorKind::Unavailable);
  }
}

TEST_CASE("a database of another encoding than UTF-8 is refused") {
  const Empty database("ascii", "ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0");
  REQUIRE_THAT(migrate_store(database.url()).error().message, Contains("UTF8"));
}

TEST_CASE("whole numbers that an older worker has labelled as written are found after migrating") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  const auto labelled = [&](const char* id, const char* metadata, const char* n, const char* v) {
    store_ready(*store, id, {chunk(0, "A tide.", {1})});
    environment.sql(
        fmt::format("UPDATE holdfast.document SET metadata = '{}' WHERE id = '{}'", metadata, id));
    for (const auto& [name, value] : {std::pair("n", n), std::pair("v", v)}) {
      environment.sql(fmt::format(
          "INSERT INTO holdfast.document_label(document, name, value) SELECT seq, '{}', '{}'"
          " FROM holdfast.document WHERE id = '{}'",
          name, value, id));
    }
  };
  labelled("a", R"({"n":1e2,"v":"2.0"})", "100.0", "2.0");
  labelled("b", R"({"n":1e16,"v":"1.2.0"})", "1e+16", "1.2.0");
  environment.sql("UPDATE holdfast.chunk SET terms_form = 1");
  for (int again = 0; again < 2; ++again) {
    REQUIRE(migrate_store(environment.url()));
    CHECK(environment.sql("SELECT count(*) FROM holdfast.document_label") == "6");
    CHECK(environment.sql("SELECT count(*) FROM holdfast.document_label"
                          " WHERE name = 'n' AND value IN ('100', '10000000000000000')") == "2");
  }
}

TEST_CASE("chunks and documents that an older worker has written are indexed by migrating") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  for (int i = 0; i < 3; ++i)
    store_ready(*store, "d" + std::to_string(i), {chunk(0, "Schrauben im Lager", {1})});
  environment.sql("UPDATE holdfast.chunk SET terms = '', terms_form = 1");
  environment.sql("UPDATE holdfast.document SET metadata = '{\"lang\":\"de\"}'");
  SearchQuery query;
  query.text = "Schraube";
  query.labels = {{"lang", "de"}};
  REQUIRE(store->search(query)->empty());
  REQUIRE(migrate_store(environment.url()));
  REQUIRE(store->search(query)->size() == 3);
}

TEST_CASE("terms of an older form are made again by migrating, and find until then") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  for (int i = 0; i < 3; ++i)
    store_ready(*store, "d" + std::to_string(i), {chunk(0, "Schrauben im Lager", {1})});
  REQUIRE(environment.sql("SELECT count(*) FROM holdfast.chunk WHERE terms_form < 2") == "0");
  environment.sql("UPDATE holdfast.chunk SET terms = 'lager:1', terms_form = 1");
  SearchQuery query;
  query.text = "Lager";
  REQUIRE(store->search(query)->size() == 3);
  query.text = "Schraube";
  REQUIRE(store->search(query)->empty());
  REQUIRE(migrate_store(environment.url()));
  REQUIRE(store->search(query)->size() == 3);
  REQUIRE(environment.sql("SELECT count(*) FROM holdfast.chunk WHERE terms_form < 2") == "0");
}
