// SPDX-License-Identifier: Apache-2.0
// The server is stopped, frozen, killed or cut off: what was answered is stored, once; what was not
// says so; and everything goes on by itself when the server is back.

#include "common/store/postgres/connector.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/commit_proxy.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <libpq-fe.h>

#include <future>
#include <set>
#include <sstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;
using holdfast::test::wait_until;

namespace {

std::unique_ptr<Store> open_at(const std::string& url, const Clock& clock,
                               const OpenOptions& options = {}) {
  auto store = open_store(url, options, clock);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

OpenOptions impatient() {
  OpenOptions options;
  options.statement_timeout = 300ms;
  options.connect_timeout = 300ms;
  return options;
}

std::string proxied(const CommitProxy& proxy, const std::string& database) {
  return fmt::format("postgresql://holdfast@127.0.0.1:{}/{}?sslmode=disable&gssencmode=disable",
                     proxy.port(), database);
}

}  // namespace

TEST_CASE("a migration waits for as long as the server answers anybody, and no longer") {
  PostgresEnvironment environment;
  OpenOptions options = impatient();
  options.connect_timeout = 1s;
  const Holder holder(environment.url(), "SELECT pg_advisory_lock(x'686f6c6466617374'::bigint)");
  auto migrating =
      std::async(std::launch::async, [&] { return migrate_store(environment.url(), options); });
  // Beyond every limit of a statement.
  const bool waited = wait_until([&] {
    return environment.sql(
               "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'advisory'"
               " AND now() - query_start > interval '2s'") == "1";
  });
  shared_server().freeze();
  const auto migrated = migrating.get();
  shared_server().thaw();
  REQUIRE(waited);
  REQUIRE_FALSE(migrated);
  REQUIRE(migrated.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(migrated.error().message, Contains("answers nobody"));
}

TEST_CASE("a server that was restarted while nobody asked is not noticed") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1"));
  shared_server().stop();
  shared_server().start();
  REQUIRE(create(*store, "d2"));
  REQUIRE(store->get_document("d1"));
  REQUIRE(find(*store, "text", {}, 5));
  REQUIRE(store->check());
}

TEST_CASE("a schema that was renamed, or lacks a column, is an outage that ends when it is back") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1"));
  REQUIRE(store->check());
  const auto unavailable = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::Unavailable && result.error().of_database;
  };
  environment.sql("ALTER SCHEMA holdfast RENAME TO elsewhere");
  CHECK(unavailable(create(*store, "d2")));
  CHECK(unavailable(store->get_document("d1")));
  CHECK(unavailable(find(*store, "text", {}, 5)));
  CHECK_THAT(store->check().error().message, Contains("holdfast-queue-worker migrate"));
  environment.sql("ALTER SCHEMA elsewhere RENAME TO holdfast");
  CHECK(create(*store, "d3"));
  CHECK(store->get_document("d1"));
  CHECK(store->check());

  environment.sql("ALTER TABLE holdfast.document RENAME COLUMN title TO heading");
  CHECK(unavailable(create(*store, "d4")));
  CHECK(unavailable(store->get_document("d1")));
  CHECK(unavailable(store->check()));
  environment.sql("ALTER TABLE holdfast.document RENAME COLUMN heading TO title");
  CHECK(create(*store, "d5"));
  CHECK(store->check());
}

TEST_CASE("a column of the schema that is gone is seen by the check, whichever it is") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  std::istringstream columns(environment.sql(
      "SELECT string_agg(format('%I.%I', c.relname, a.attname), ' ') FROM pg_attribute AS a"
      " JOIN pg_class AS c ON c.oid = a.attrelid WHERE c.relkind = 'r' AND a.attnum > 0"
      " AND NOT a.attisdropped AND c.relnamespace = 'holdfast'::regnamespace"
      " AND c.relname NOT IN ('schema_version', 'schema_floor') AND a.attname <> 'embedding'"));
  int count = 0;
  for (std::string column; columns >> column; ++count) {
    INFO(column);
    const std::string table = column.substr(0, column.find('.'));
    const std::string name = column.substr(column.find('.') + 1);
    environment.sql(
        fmt::format("ALTER TABLE holdfast.{} RENAME COLUMN {} TO elsewhere", table, name));
    CHECK_FALSE(store->check());
    environment.sql(
        fmt::format("ALTER TABLE holdfast.{} RENAME COLUMN elsewhere TO {}", table, name));
  }
  CHECK(count > 70);
  CHECK(store->check());
}

TEST_CASE("while the server is down, everything says so at once, and goes on when it is back") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  shared_server().stop();
  const auto write = create(*store, "d1");
  const auto read = store->get_document("d1");
  const auto check = store->check();
  shared_server().start();
  REQUIRE_FALSE(write);
  REQUIRE(write.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(write.error().message, Contains(environment.database()));
  REQUIRE_FALSE(read);
  REQUIRE(read.error().kind == ErrorKind::Unavailable);
  REQUIRE_FALSE(check);
  REQUIRE(check.error().kind == ErrorKind::Unavailable);
  REQUIRE(wait_until([&] { return create(*store, "d2").has_value(); }));
  REQUIRE(wait_until([&] { return store->check().has_value(); }));
  REQUIRE(store->get_document("d1").error().kind == ErrorKind::NotFound);
}

TEST_CASE("a server that is killed while it commits loses no document that was acknowledged") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  constexpr std::size_t kDocuments = 2000;
  std::vector<std::promise<Result<Created>>> answers(kDocuments);
  std::atomic<std::size_t> acknowledged = 0;
  for (std::size_t i = 0; i < kDocuments; ++i) {
    NewDocument document;
    document.id = "d" + std::to_string(i);
    document.content = "text";
    store->create_document(std::move(document), [&, i](Result<Created> created) {
      if (created) ++acknowledged;
      answers[i].set_value(std::move(created));
    });
  }
  REQUIRE(wait_until([&] { return acknowledged > 300; }));
  shared_server().kill();
  shared_server().start();
  std::set<std::int64_t> jobs;
  std::size_t stored = 0;
  for (auto& answer : answers) {
    const auto created = answer.get_future().get();
    if (!created) continue;
    ++stored;
    REQUIRE(jobs.insert(created->job_id).second);
  }
  REQUIRE(wait_until([&] { return store->check().has_value(); }));
  for (std::size_t i = 0; i < kDocuments; ++i) {
    const auto document = store->get_document("d" + std::to_string(i));
    if (document) jobs.erase(document->job_id);
  }
  INFO(stored << " were acknowledged");
  REQUIRE(jobs.empty());
  REQUIRE(environment.sql("SELECT count(*) FROM holdfast.document AS d FULL JOIN holdfast.job AS j"
                          " ON j.id = d.job_id WHERE d.id IS NULL OR j.id IS NULL") == "0");
}

TEST_CASE("a server that is silent is given up in time, and what it did not commit is not stored") {
  PostgresEnvironment environment;
  const auto store = environment.open(impatient());
  REQUIRE(wait_until([&] {  // a busy machine may miss these limits
    return create(*store, "d1").has_value() || store->get_document("d1").has_value();
  }));
  shared_server().freeze();
  const auto write = create(*store, "d2");
  const auto read = store->get_document("d1");
  shared_server().thaw();
  REQUIRE_FALSE(write);
  REQUIRE(write.error().kind == ErrorKind::Unavailable);
  REQUIRE_FALSE(read);
  REQUIRE(read.error().kind == ErrorKind::Unavailable);
  REQUIRE(wait_until([&] { return create(*store, "d3").has_value(); }));
  REQUIRE(store->get_document("d2").error().kind == ErrorKind::NotFound);
}

TEST_CASE("a process that has to end waits for a silent server no longer than it was told") {
  PostgresEnvironment environment;
  OpenOptions patient;
  patient.statement_timeout = 10min;  // what ends the waits is not a limit of the store's
  patient.connect_timeout = 10min;
  auto store = environment.open(patient);
  REQUIRE(create(*store, "d1"));
  shared_server().freeze();
  std::promise<Result<Created>> written;
  NewDocument document;
  document.id = "d2";
  store->create_document(document, [&](Result<Created> r) { written.set_value(std::move(r)); });
  auto reading = std::async(std::launch::async, [&] { return store->get_document("d1"); });
  store->finish_within(50ms);
  const auto write = written.get_future().get();
  const auto read = reading.get();
  const auto later = create(*store, "d3");
  store.reset();
  shared_server().thaw();
  REQUIRE_FALSE(write);
  REQUIRE(write.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(write.error().message, Contains("had to end") || Contains("is ending"));
  REQUIRE_FALSE(read);
  REQUIRE(read.error().kind == ErrorKind::Unavailable);
  REQUIRE_FALSE(later);
  REQUIRE(later.error().kind == ErrorKind::Unavailable);
}

TEST_CASE("a COMMIT that never reached the server is done again, once") {
  PostgresEnvironment environment;
  CommitProxy proxy(shared_server().port());
  const auto store = open_at(proxied(proxy, environment.database()), environment.clock);
  proxy.cut_next(CommitProxy::Cut::BeforeTheServer);
  const auto created = create(*store, "d1");
  REQUIRE(proxy.cuts() == 1);
  REQUIRE(created);
  REQUIRE(store->get_document("d1")->job_id == created->job_id);
  REQUIRE(store->queue_stats("default")->ready == 1);
}

TEST_CASE("a COMMIT whose answer was lost has happened, and is not done again") {
  PostgresEnvironment environment;
  CommitProxy proxy(shared_server().port());
  const auto store = open_at(proxied(proxy, environment.database()), environment.clock);
  proxy.cut_next(CommitProxy::Cut::AfterTheServer);
  const auto created = create(*store, "d1");
  REQUIRE(proxy.cuts() == 1);
  REQUIRE(created);
  REQUIRE_FALSE(created->repeated);
  REQUIRE(store->get_document("d1")->job_id == created->job_id);
  REQUIRE(store->queue_stats("default")->ready == 1);
  REQUIRE(environment.sql("SELECT max(id) FROM holdfast.job") == std::to_string(created->job_id));
}

TEST_CASE("a claim whose answer was lost is held by the worker that asked, and known to it") {
  PostgresEnvironment environment;
  CommitProxy proxy(shared_server().port());
  const auto direct = environment.open();
  const auto store = open_at(proxied(proxy, environment.database()), environment.clock);
  REQUIRE(create(*direct, "d1"));
  const auto id = worker(*direct);
  for (const auto cut : {CommitProxy::Cut::AfterTheServer, CommitProxy::Cut::BeforeTheServer}) {
    // Each needs a connection on which COMMIT is new: the proxy knows it by its text.
    const auto fresh = open_at(proxied(proxy, environment.database()), environment.clock);
    proxy.cut_next(cut);
    const auto jobs = claim(*fresh, id);
    REQUIRE(jobs.size() == 1);
    REQUIRE(jobs[0].fence == direct->get_job(jobs[0].id)->fence);
    REQUIRE(direct->get_job(jobs[0].id)->state == JobState::Running);
    REQUIRE(fail(*direct, key_of(jobs[0]), "again", 0s) == JobState::Waiting);
  }
  REQUIRE(proxy.cuts() == 2);
}

TEST_CASE("an outcome that the server does not come back to tell is said to be unknown") {
  PostgresEnvironment environment;
  CommitProxy proxy(shared_server().port());
  auto options = impatient();
  const auto store = open_at(proxied(proxy, environment.database()), environment.clock, options);
  proxy.cut_next(CommitProxy::Cut::BeforeTheServer);
  // Nobody can read the mark.
  const Holder holder(environment.url(), "LOCK TABLE holdfast.commit_mark IN SHARE MODE");
  const auto created = create(*store, "d1");
  REQUIRE(proxy.cuts() == 1);
  REQUIRE_FALSE(created);
  REQUIRE(created.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(created.error().message, Contains("whether this was stored"));
}

TEST_CASE("a statement that takes too long is ended by the server; the connection stays") {
  PostgresEnvironment environment;
  const auto store = environment.open(impatient());
  REQUIRE(create(*store, "d1", "one"));
  const auto made = store->connection_use()->made;
  {
    const Holder holder(environment.url(),
                        "SELECT 1 FROM holdfast.document WHERE id = 'd1' FOR UPDATE");
    const auto refused = replace(*store, "d1", "two");
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().kind == ErrorKind::Unavailable);
    REQUIRE_THAT(refused.error().message, Contains("store.statement_timeout"));
  }
  REQUIRE(replace(*store, "d1", "three"));
  REQUIRE(store->get_document("d1")->version == 2);
  REQUIRE(store->connection_use()->made == made);
}

TEST_CASE("a write that the server refuses does not fail those that were sent with it") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "taken"));
  constexpr int kWrites = 64;
  std::vector<std::promise<Result<Created>>> answers(kWrites);
  for (int i = 0; i < kWrites; ++i) {
    NewDocument document;
    document.id = i % 16 == 7 ? "taken" : "d" + std::to_string(i);
    if (i % 16 == 11) document.title = "\xff";
    store->create_document(document, [&answer = answers[static_cast<std::size_t>(i)]](
                                         Result<Created> r) { answer.set_value(std::move(r)); });
  }
  for (int i = 0; i < kWrites; ++i) {
    const auto created = answers[static_cast<std::size_t>(i)].get_future().get();
    INFO(i);
    if (i % 16 == 7) {
      REQUIRE_FALSE(created);
      REQUIRE(created.error().kind == ErrorKind::Conflict);
    } else if (i % 16 == 11) {
      REQUIRE_FALSE(created);
      REQUIRE(created.error().kind == ErrorKind::Unstorable);
    } else {
      REQUIRE(created);
    }
  }
  REQUIRE(store->queue_stats("default")->ready == 1 + kWrites - 8);
}

TEST_CASE("the waits between attempts to connect grow, differ, and have an end") {
  using postgres::reconnect_wait;
  REQUIRE(reconnect_wait(1, 0) == 25ms);
  REQUIRE(reconnect_wait(1, 1) == 50ms);
  REQUIRE(reconnect_wait(2, 1) == 100ms);
  REQUIRE(reconnect_wait(50, 1) == 5s);
  REQUIRE(reconnect_wait(50, 0) == 2500ms);
}

TEST_CASE("a URL that cannot be read, a server that is not there: no error repeats the password") {
  const SystemClock clock;
  const auto bad = open_store("postgresql://user:hunter2@db:port/x?sslmode=%zz", {}, clock);
  REQUIRE_FALSE(bad);
  REQUIRE(bad.error().kind == ErrorKind::InvalidArgument);
  REQUIRE_THAT(bad.error().message, !Contains("hunter2"));
  const auto nobody =
      open_store("postgresql://user:hunter2@127.0.0.1:1/x?connect_timeout=1", {}, clock);
  REQUIRE_FALSE(nobody);
  REQUIRE(nobody.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(nobody.error().message, Contains("127.0.0.1:1/x") && !Contains("hunter2"));
}

TEST_CASE("a lease is renewed while a write of the same process waits") {
  PostgresEnvironment environment;
  std::promise<Result<Created>> answer;
  std::future<Result<Created>> stored = answer.get_future();
  const auto store = environment.open();
  const std::int64_t id = worker(*store);
  {
    // As long as the result of a large document takes, or a lock is waited for.
    const Holder holder(environment.url(), "LOCK TABLE holdfast.document");
    NewDocument document;
    document.id = "d1";
    document.content = "text";
    store->create_document(std::move(document),
                           [&](Result<Created> created) { answer.set_value(std::move(created)); });
    const auto reply = heartbeat(*store, id);
    REQUIRE(reply);
    CHECK(reply->alive);
    CHECK(stored.wait_for(0s) == std::future_status::timeout);
  }
  REQUIRE(stored.get());
}
