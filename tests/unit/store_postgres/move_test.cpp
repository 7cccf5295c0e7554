// SPDX-License-Identifier: Apache-2.0
// What a file holds, in a database: all of it, once, however often the move is interrupted.

#include "common/store/move/move.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <fstream>
#include <optional>
#include <stdexcept>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;

namespace {

// A migrated SQLite file.
struct File {
  File() {
    const auto migrated = migrate_store(url());
    if (!migrated) FAIL(migrated.error().message);
  }
  std::string path() const { return (directory / "holdfast.db").native(); }
  std::string url() const { return "sqlite://" + path(); }
  void sql(const std::string& statements) const {
    SQLite::Database(path(), SQLite::OPEN_READWRITE).exec(statements);
  }
  std::unique_ptr<Store> open() const {
    auto store = open_store(url(), {}, clock);
    if (!store) FAIL(store.error().message);
    return std::move(*store);
  }

  holdfast::test::TempDir directory;
  ManualClock clock;
};

void create_many(Store& store, int count) {
  std::vector<NewDocument> documents;
  for (int i = 0; i < count; ++i) {
    NewDocument document;
    document.id = "many" + std::to_string(i);
    document.title = "title";
    document.content = "content " + std::to_string(i);
    documents.push_back(std::move(document));
  }
  REQUIRE(await<CreatedBatch>(
      [&](auto done) { store.create_documents(std::move(documents), {}, done); }));
}

NewDocument with_key(const std::string& id) {
  NewDocument document;
  document.id = id;
  document.title = "keyed";
  document.content = "text";
  document.idempotency_key = IdempotencyKey{"scope", "key", "fingerprint"};
  return document;
}

Result<Created> create_one(Store& store, const NewDocument& document) {
  return await<Created>([&](auto done) { store.create_document(document, done); });
}

ApiKey api_key() {
  ApiKey key;
  key.id = "k1";
  key.name = "robot";
  key.digest = std::string(31, '\xfe') + '\0';
  key.scope = Scope::Write;
  key.rate_limit = 7;
  return key;
}

struct Interrupted : std::runtime_error {
  Interrupted() : std::runtime_error("interrupted") {}
};

// Ends the move after so many batches, as a crash would: nothing is tidied up.
auto interrupted_after(int batches) {
  return [left = batches](const MoveProgress&) mutable {
    if (--left == 0) throw Interrupted();
  };
}

std::int64_t rows_of(const MoveReport& report, const std::string& table) {
  for (const MovedTable& moved : report.tables) {
    if (moved.name == table) return moved.rows;
  }
  return -1;
}

MoveReport must_move(const File& file, const PostgresEnvironment& environment) {
  const auto report = move_store(file.url(), environment.url(), {});
  if (!report) FAIL(report.error().message);
  return *report;
}

}  // namespace

TEST_CASE("a file's documents, jobs, keys and answers are in the database after a move") {
  const File file;
  PostgresEnvironment environment;
  const std::string odd = std::string("a NUL \0 and \xff", 12);
  JobKey held;
  {
    const auto store = file.open();
    store_ready(*store, "ready",
                {chunk(0, "bread and butter", unit({1, 2, 3})), chunk(1, odd, unit({3, 2, 1}))});
    REQUIRE(create(*store, "dead"));
    const auto id = worker(*store);
    const auto dead = claim(*store, id);
    REQUIRE(fail(*store, key_of(dead.at(0)), "broken", 0s, true) == JobState::Dead);
    NewDocument document;
    document.id = "odd";
    document.content = odd;
    REQUIRE(create_one(*store, document));
    REQUIRE(create_one(*store, with_key("keyed")));
    held = key_of(claim(*store, id).at(0));
    REQUIRE(await<void>([&](auto done) { store->create_api_key(api_key(), done); }));
  }
  const MoveReport report = must_move(file, environment);
  CHECK_FALSE(report.resumed);
  CHECK(rows_of(report, "document") == 4);
  CHECK(rows_of(report, "chunk") == 2);
  CHECK(rows_of(report, "job") == 4);
  CHECK(rows_of(report, "api_key") == 1);

  const auto before = file.open();
  const auto after = environment.open();
  for (const std::string id : {"ready", "dead", "odd", "keyed"}) {
    const auto was = before->get_document(id);
    const auto is = after->get_document(id);
    REQUIRE(was);
    REQUIRE(is);
    CHECK(is->title == was->title);
    CHECK(is->content == was->content);
    CHECK(is->metadata == was->metadata);
    CHECK(is->status == was->status);
    CHECK(is->error == was->error);
    CHECK(is->job_id == was->job_id);
    CHECK(is->chunk_count == was->chunk_count);
    CHECK(is->created_at == was->created_at);
    const auto job_was = before->get_job(was->job_id);
    const auto job_is = after->get_job(was->job_id);
    REQUIRE(job_is);
    CHECK(job_is->payload == job_was->payload);
    CHECK(job_is->fence == job_was->fence);
    CHECK(job_is->last_error == job_was->last_error);
  }
  const auto found = find(*after, "butter", unit({1, 2, 3}), 5);
  REQUIRE(found);
  REQUIRE(found->size() == 1);
  CHECK(found->front().text == "bread and butter");
  CHECK(found->front().similarity.value() == Approx(1));
  CHECK(after->get_api_key("k1")->digest == api_key().digest);
  CHECK(after->get_api_key("k1")->rate_limit == 7u);

  // What nobody holds any more is given back with its attempt; the next owner gets a new fence.
  const auto given_back = after->get_job(held.id);
  CHECK(given_back->state == JobState::Ready);
  CHECK(given_back->attempt == 0);
  const auto stats = after->queue_stats("default");
  CHECK(stats->ready == 2);
  CHECK(stats->done == 1);
  CHECK(stats->dead == 1);
  CHECK(claim(*after, worker(*after), 5).front().fence > held.fence);
  CHECK(complete(*after, held).error().kind == ErrorKind::Conflict);

  // Answers are repeated, and numbers are not used again.
  const auto repeated = create_one(*after, with_key("another"));
  REQUIRE(repeated);
  CHECK(repeated->repeated);
  CHECK(repeated->document_id == "keyed");
  CHECK(create(*after, "new")->job_id > before->get_document("keyed")->job_id);
}

TEST_CASE("chunks that the file hides are not moved: only what searches find") {
  const File file;
  PostgresEnvironment environment;
  {
    const auto store = file.open();
    store_ready(*store, "d", {chunk(0, "walrus", unit({1, 0})), chunk(1, "oyster", unit({0, 1}))});
    REQUIRE(create(*store, "never"));
  }
  // Of claims that are gone: one of a document that shows another set, one of a document that shows
  // none, one of a document that is deleted.
  file.sql(
      "CREATE TEMP TABLE waste(document, job_id, fence);"
      "INSERT INTO waste SELECT seq, job_id, 90 FROM document UNION ALL SELECT 4711, 4711, 1;"
      "INSERT INTO hidden_chunks SELECT * FROM waste;"
      "INSERT INTO chunk(document, ordinal, begin_byte, end_byte, job_id, fence, vector, title, "
      "text)"
      " SELECT document, 0, 0, 1, job_id, fence, x'0000803f00000000', 't', 'carpenter' FROM waste");
  const MoveReport report = must_move(file, environment);
  CHECK(rows_of(report, "document") == 2);
  CHECK(rows_of(report, "chunk") == 2);
  CHECK(environment.sql("SELECT count(*) FROM holdfast.chunk") == "2");
  const auto after = environment.open();
  CHECK(after->get_document("d")->chunk_count == 2);
  CHECK(find(*after, "walrus", {}, 5)->size() == 1);
  CHECK(find(*after, "oyster", {}, 5)->size() == 1);
  CHECK(find(*after, "carpenter", {}, 5)->empty());
  CHECK(find(*after, "", unit({1, 0}), 5)->size() == 1);
  // Numbers that the hidden ones have used are not used again.
  const auto jobs = claim(*after, worker(*after));
  REQUIRE(jobs.size() == 1);
  REQUIRE(embed(*after, key_of(jobs[0]), "never", {chunk(0, "carpenter", unit({1, 0}))}));
  CHECK(environment.sql("SELECT max(id) FROM holdfast.chunk") == "6");
}

TEST_CASE("words and metadata find what was moved") {
  const File file;
  PostgresEnvironment environment;
  {
    const auto store = file.open();
    NewDocument document;
    document.id = "shelf";
    document.title = "Lager";
    document.content = "Die Schrauben liegen in der Halle.";
    document.metadata = R"({"lang":"de"})";
    REQUIRE(create_one(*store, document));
    const auto jobs = claim(*store, worker(*store));
    REQUIRE(embed(*store, key_of(jobs.at(0)), "shelf", {chunk(0, document.content, {1, 0})}));
  }
  must_move(file, environment);
  const auto moved = environment.open();
  SearchQuery query;
  query.text = "Schraube";
  query.labels = {{"lang", "de"}};
  REQUIRE(moved->search(query)->size() == 1);
  query.labels = {{"lang", "en"}};
  REQUIRE(moved->search(query)->empty());
}

TEST_CASE("an interrupted move goes on where it was, wherever that is") {
  const File file;
  {
    const auto store = file.open();
    create_many(*store, 1203);  // three batches of documents, of contents and of jobs
  }
  PostgresEnvironment environment;
  int interruptions = 0;
  std::optional<MoveReport> report;
  // The first run gets through one batch, the second through two more, and so on.
  for (int batches = 1; !report; ++batches) {
    try {
      const auto moved = move_store(file.url(), environment.url(), {}, interrupted_after(batches));
      if (!moved) FAIL(moved.error().message);
      report = *moved;
    } catch (const Interrupted&) {
      ++interruptions;
      REQUIRE(interruptions < 100);
    }
  }
  CHECK(interruptions > 3);
  CHECK(report->resumed);
  CHECK(rows_of(*report, "document") == 1203);
  CHECK(rows_of(*report, "document_content") == 1203);
  CHECK(rows_of(*report, "job") == 1203);
  const auto after = environment.open();
  CHECK(after->queue_stats("default")->ready == 1203);
  CHECK(after->get_document("many1202")->content == "content 1202");

  SECTION("run once more, it changes nothing") {
    REQUIRE(remove(*after, "many7"));
    const MoveReport again = must_move(file, environment);
    CHECK(again.already);
    CHECK(after->get_document("many7").error().kind == ErrorKind::NotFound);
  }
  SECTION("written to since then, the file is not said to be moved") {
    REQUIRE(create(*file.open(), "later"));
    const auto refused = move_store(file.url(), environment.url(), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Conflict);
    CHECK_THAT(refused.error().message,
               Contains("document 1204") && Contains("then document 1203"));
  }
}

TEST_CASE("a file that has changed since it was moved, whatever it was, is not said to be moved") {
  const File file;
  std::int64_t job = 0;
  {
    const auto store = file.open();
    job = create(*store, "d1")->job_id;
    REQUIRE(create(*store, "d2"));
    REQUIRE(await<void>([&](auto done) { store->create_api_key(api_key(), done); }));
  }
  PostgresEnvironment environment;
  must_move(file, environment);
  std::string table;
  SECTION("a key") {
    table = "api_key";
    REQUIRE(await<void>([&](auto done) { file.open()->revoke_api_key("k1", done); }));
  }
  SECTION("a queue that is paused") {
    table = "queue_ctl";
    REQUIRE(await<void>([&](auto done) { file.open()->pause("default", "", done); }));
  }
  SECTION("a document that is deleted") {
    table = "document";
    REQUIRE(remove(*file.open(), "d2"));
  }
  SECTION("a job that is cancelled") {
    table = "job";
    REQUIRE(await<Job>([&](auto done) { file.open()->cancel_job(job, done); }));
  }
  SECTION("nothing") {
    CHECK(must_move(file, environment).already);
    return;
  }
  SECTION("nothing that a move by an older release could tell") {
    environment.sql("ALTER TABLE holdfast.move DROP COLUMN checksums");
    CHECK(must_move(file, environment).already);
    return;
  }
  const auto refused = move_store(file.url(), environment.url(), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Conflict);
  CHECK_THAT(refused.error().message, Contains("written to since then") && Contains(table));
}

TEST_CASE("a move refuses a database that holds something else, and leaves it as it is") {
  const File file;
  {
    const auto store = file.open();
    REQUIRE(create(*store, "mine"));
  }
  PostgresEnvironment environment;
  const auto store = environment.open();
  SECTION("documents") {
    REQUIRE(create(*store, "theirs"));
    const auto refused = move_store(file.url(), environment.url(), {});
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Conflict);
    CHECK_THAT(refused.error().message, Contains("not empty") && Contains("holdfast.document") &&
                                            Contains(environment.database()));
    CHECK(store->get_document("theirs"));
    CHECK(store->get_document("mine").error().kind == ErrorKind::NotFound);
  }
  SECTION("another file, half moved") {
    const File other;
    REQUIRE_THROWS_AS(move_store(other.url(), environment.url(), {}, interrupted_after(1)),
                      Interrupted);
    const auto refused = move_store(file.url(), environment.url(), {});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Contains("another file"));
  }
  SECTION("workers") {
    worker(*store);
    const auto refused = move_store(file.url(), environment.url(), {});
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, Contains("in use by worker 'queue-worker.0'"));
  }
}

TEST_CASE("a file that somebody has open is not moved") {
  const File file;
  const auto store = file.open();
  PostgresEnvironment environment;
  const auto refused = move_store(file.url(), environment.url(), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Conflict);
  CHECK_THAT(refused.error().message, Contains("is in use: stop Holdfast"));
  REQUIRE(create(*store, "goes on"));
}

TEST_CASE("a file that was changed in the middle of a move is noticed") {
  const File file;
  {
    const auto store = file.open();
    create_many(*store, 3);
  }
  PostgresEnvironment environment;
  // After keys, queues and documents.
  REQUIRE_THROWS_AS(move_store(file.url(), environment.url(), {}, interrupted_after(3)),
                    Interrupted);
  {
    const auto store = file.open();
    REQUIRE(replace(*store, "many1", "new content"));
  }
  const auto refused = move_store(file.url(), environment.url(), {});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Conflict);
  CHECK_THAT(refused.error().message, Contains("holdfast.document") && Contains("changed"));
}

TEST_CASE("a move says which way it goes, and what is no database") {
  const File file;
  PostgresEnvironment environment;
  CHECK(move_store(environment.url(), file.url(), {}).error().kind == ErrorKind::InvalidArgument);
  CHECK(move_store(file.url(), file.url(), {}).error().kind == ErrorKind::InvalidArgument);
  const auto nothing = move_store("sqlite:///nowhere/x.db", environment.url(), {});
  CHECK(nothing.error().kind == ErrorKind::NotFound);
  std::ofstream(file.directory / "text.db") << std::string(4096, 'x');
  const auto text =
      move_store("sqlite://" + (file.directory / "text.db").native(), environment.url(), {});
  REQUIRE_FALSE(text);
  CHECK_THAT(text.error().message, Contains("not a SQLite database"));
}
