// SPDX-License-Identifier: Apache-2.0
// Bringing a file up to date, and refusing the ones that are not.

#include "common/os/file.hpp"
#include "common/store/maintenance.hpp"
#include "common/store/sqlite/schema.hpp"
#include "common/store/sqlite/sqlite_store.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;

namespace {

const std::int64_t kNewest = sqlite_migrations().back().version;

// Ours, and one more.
std::vector<Migration> with_next(const char* sql) {
  std::vector<Migration> migrations(sqlite_migrations().begin(), sqlite_migrations().end());
  migrations.push_back({kNewest + 1, "next", sql});
  return migrations;
}

}  // namespace

TEST_CASE("migrating makes a fresh file, and a second time changes nothing") {
  TempDir directory;
  const auto url = "sqlite://" + (directory.path() / "a.db").native();
  const auto first = migrate_store(url);
  REQUIRE(first);
  REQUIRE(first->from == 0);
  REQUIRE(first->to == kNewest);
  const auto second = migrate_store(url);
  REQUIRE(second);
  REQUIRE(second->from == kNewest);
  REQUIRE(second->to == kNewest);
  REQUIRE(sql(directory.path() / "a.db", "PRAGMA journal_mode") == "wal");
}

TEST_CASE("several processes that migrate one fresh file at once: one does it, all succeed") {
  TempDir directory;
  const auto path = directory.path() / "a.db";
  std::vector<holdfast::test::Process> children;
  for (int i = 0; i < 4; ++i)
    children.push_back(store_child({"migrate", "sqlite://" + path.native()}));
  int from_nothing = 0;
  for (auto& child : children) {
    const auto line = child.read_line();
    REQUIRE(child.wait().shell_status() == 0);
    if (line == fmt::format("0 {}", kNewest)) ++from_nothing;
  }
  REQUIRE(from_nothing == 1);
  REQUIRE(sql(path, "SELECT count(*) FROM schema_version") == std::to_string(kNewest));
}

TEST_CASE("whole numbers that an older worker has labelled as written are found after migrating") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto labelled = [&](const char* id, const char* metadata, const char* n, const char* v) {
    store_ready(*store, id, {chunk(0, "A tide.", {1})});
    sql(environment.path(),
        fmt::format("UPDATE document SET metadata = '{}' WHERE id = '{}'", metadata, id));
    for (const auto& [name, value] : {std::pair("n", n), std::pair("v", v)}) {
      sql(environment.path(),
          fmt::format("INSERT INTO document_label(document, name, value) SELECT seq, '{}', '{}'"
                      " FROM document WHERE id = '{}'",
                      name, value, id));
    }
  };
  labelled("a", R"({"n":1e2,"v":"2.0"})", "100.0", "2.0");
  labelled("b", R"({"n":1e16,"v":"1.2.0"})", "1e+16", "1.2.0");
  sql(environment.path(), "UPDATE chunk SET terms_form = 1");
  for (int again = 0; again < 2; ++again) {
    REQUIRE(migrate_store(environment.url()));
    CHECK(sql(environment.path(), "SELECT count(*) FROM document_label") == "6");
    CHECK(sql(environment.path(),
              "SELECT count(*) FROM document_label"
              " WHERE name = 'n' AND value IN ('100', '10000000000000000')") == "2");
  }
}

TEST_CASE("what is applied and what is pending can be read without changing anything") {
  TempDir directory;
  const auto path = directory.path() / "a.db";
  const auto url = "sqlite://" + path.native();
  const auto before = migration_status(url);
  REQUIRE(before);
  REQUIRE(before->version == 0);
  REQUIRE(before->migrations.size() == static_cast<std::size_t>(kNewest));
  REQUIRE_FALSE(before->migrations.front().applied_at);
  REQUIRE_FALSE(std::filesystem::exists(path));
  REQUIRE(sqlite::migrate(path, sqlite_migrations().first(2)));
  const auto half = migration_status(url);
  REQUIRE(half->version == 2);
  REQUIRE(half->migrations[1].applied_at);
  REQUIRE_FALSE(half->migrations[2].applied_at);
  REQUIRE_FALSE(half->too_new);
}

TEST_CASE("a newer migration is applied on top, in its own transaction") {
  SqliteEnvironment environment;
  const auto more = with_next("CREATE TABLE more(x); INSERT INTO more VALUES(7)");
  const auto report = sqlite::migrate(environment.path(), more);
  REQUIRE(report);
  REQUIRE(report->from == kNewest);
  REQUIRE(report->to == kNewest + 1);
  REQUIRE(sql(environment.path(), "SELECT x FROM more") == "7");
}

TEST_CASE("a file of the first schema is upgraded with its documents, jobs and workers") {
  TempDir directory;
  const auto path = directory.path() / "a.db";
  REQUIRE(sqlite::migrate(path, sqlite_migrations().first(1)));
  const std::string boot = this_host()->boot;
  sql(path,
      "INSERT INTO worker(id, name, incarnation, boot_id, pid, pid_started, registered_at,"
      " lease_until_mono) VALUES(7, 'queue-worker.0', 1, '" +
          boot + "', 0, 1, 0, 0)");
  sql(path,
      "INSERT INTO job(id, kind, state, run_at, attempt, max_attempts, max_crashes, fence,"
      " worker_id, started_at, payload, created_at)"
      " VALUES(3, 'embed', 2, 0, 1, 10, 3, 1, 7, 1, '{\"document_id\":\"d1\"}', 0)");
  sql(path,
      "INSERT INTO document(id, title, metadata, content_bytes, job_id, created_at, updated_at,"
      " chunk_count) VALUES('d1', 'a title', '{\"lang\":\"de\"}', 4, 3, 0, 0, 1)");
  sql(path, "INSERT INTO document_content(document, content) VALUES(1, 'text')");
  sql(path,
      "INSERT INTO chunk(document, ordinal, begin_byte, end_byte, job_id, fence, vector, title,"
      " text) VALUES(1, 0, 0, 4, 3, 1, x'0000803f', 'a title', 'Schrauben im Lager')");

  const auto report = migrate_store("sqlite://" + path.native());
  REQUIRE(report);
  REQUIRE(report->from == 1);
  REQUIRE(report->to == kNewest);
  const ManualClock clock;
  auto store = open_store("sqlite://" + path.native(), {}, clock);
  REQUIRE(store);
  REQUIRE((*store)->get_document("d1")->content == "text");
  SearchQuery query;
  query.text = "Schraube";
  query.labels = {{"lang", "de"}};
  REQUIRE((*store)->search(query)->size() == 1);
  // Its process is gone: the next incarnation on this host rescues its job at once.
  worker(**store, "queue-worker.0", "signal 9 (SIGKILL)");
  const auto job = (*store)->get_job(3);
  REQUIRE(job->state == JobState::Waiting);
  REQUIRE(job->crashes == 1);
  REQUIRE(job->last_error == "signal 9 (SIGKILL)");
  store->reset();
  require_intact(path);
}

TEST_CASE("terms of an older form are made again by migrating, and find until then") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    for (int i = 0; i < 3; ++i)
      store_ready(*store, "d" + std::to_string(i), {chunk(0, "Schrauben im Lager", {1})});
  }
  REQUIRE(sql(environment.path(), "SELECT count(*) FROM chunk WHERE terms_form < 2") == "0");
  sql(environment.path(), "UPDATE chunk_terms SET text = 'lager alt __'");
  sql(environment.path(), "UPDATE chunk SET terms_form = 1");
  const auto found = [&](const char* text) {
    const auto store = environment.open();
    SearchQuery query;
    query.text = text;
    return store->search(query)->size();
  };
  REQUIRE(found("Lager") == 3);
  REQUIRE(found("Schraube") == 0);
  REQUIRE(migrate_store(environment.url()));
  REQUIRE(found("Schraube") == 3);
  REQUIRE(sql(environment.path(), "SELECT count(*) FROM chunk WHERE terms_form < 2") == "0");
  // The old ones are gone.
  REQUIRE(sql(environment.path(), "SELECT count(*) FROM chunk_terms('alt')") == "0");
  require_intact(environment.path());
}

TEST_CASE("a migration that fails leaves the version before it, whole") {
  SqliteEnvironment environment;
  const auto broken = with_next("CREATE TABLE half(x); CREATE TABLE half(x)");
  REQUIRE_FALSE(sqlite::migrate(environment.path(), broken));
  REQUIRE(sql(environment.path(), "SELECT max(version) FROM schema_version") ==
          std::to_string(kNewest));
  REQUIRE(sql(environment.path(), "SELECT count(*) FROM sqlite_schema WHERE name='half'") == "0");
  REQUIRE(environment.open()->check());
}

TEST_CASE("a file that does not exist, or is empty, is refused with the command that makes it") {
  TempDir directory;
  const SystemClock clock;
  const auto path = directory.path() / "a.db";
  const auto missing = open_store("sqlite://" + path.native(), {}, clock);
  REQUIRE_FALSE(missing);
  REQUIRE(missing.error().kind == ErrorKind::NotFound);
  REQUIRE_THAT(missing.error().message, Contains(path.native()));
  REQUIRE_THAT(missing.error().message, Contains("holdfast-queue-worker migrate"));
  REQUIRE_FALSE(std::filesystem::exists(path));
  std::ofstream(path).flush();
  const auto empty = open_store("sqlite://" + path.native(), {}, clock);
  REQUIRE_FALSE(empty);
  REQUIRE_THAT(empty.error().message, Contains("holdfast-queue-worker migrate"));
}

TEST_CASE("an older schema is refused with the command that brings it up to date") {
  SqliteEnvironment environment;
  sql(environment.path(), "UPDATE schema_version SET version = version - 1");
  const auto store = open_store(environment.url(), {}, environment.clock);
  REQUIRE_FALSE(store);
  REQUIRE(store.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(store.error().message, Contains("holdfast-queue-worker migrate"));
}

TEST_CASE("a newer schema is refused by open and by migrate: the binary is too old") {
  SqliteEnvironment environment;
  sql(environment.path(), "INSERT INTO schema_version VALUES(999, 'later', 0)");
  const auto store = open_store(environment.url(), {}, environment.clock);
  REQUIRE_FALSE(store);
  REQUIRE(store.error().kind == ErrorKind::Unavailable);
  REQUIRE_THAT(store.error().message, Contains("too old"));
  const auto migrated = migrate_store(environment.url());
  REQUIRE_FALSE(migrated);
  REQUIRE_THAT(migrated.error().message, Contains("too old"));
}

TEST_CASE("another program's database is left alone") {
  TempDir directory;
  const auto path = directory.path() / "a.db";
  {
    SQLite::Database foreign(path.native(), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    foreign.exec("CREATE TABLE theirs(x)");
  }
  const auto migrated = migrate_store("sqlite://" + path.native());
  REQUIRE_FALSE(migrated);
  REQUIRE_THAT(migrated.error().message, Contains("another program"));
  REQUIRE(sql(path, "SELECT count(*) FROM sqlite_schema") == "1");
}

TEST_CASE("a directory that does not exist is named") {
  const SystemClock clock;
  const std::string url = "sqlite:///nonexistent/holdfast/a.db";
  const auto migrated = migrate_store(url);
  REQUIRE(migrated.error().kind == ErrorKind::NotFound);
  REQUIRE_THAT(migrated.error().message, Contains("'/nonexistent/holdfast'"));
  const auto opened = open_store(url, {}, clock);
  REQUIRE(opened.error().kind == ErrorKind::NotFound);
  REQUIRE_THAT(opened.error().message, Contains("'/nonexistent/holdfast'"));
}

TEST_CASE("a URL of another kind is refused, without repeating its password") {
  const SystemClock clock;
  for (const char* url :
       {"mysql://u:hunter2@h/d", "sqlite://relative.db", "sqlite:///", "/plain/path", ""}) {
    INFO(url);
    const auto opened = open_store(url, {}, clock);
    REQUIRE_FALSE(opened);
    REQUIRE(opened.error().kind == ErrorKind::InvalidArgument);
    REQUIRE_THAT(opened.error().message, Contains("sqlite:///"));
    REQUIRE_THAT(opened.error().message, !Contains("hunter2"));
    REQUIRE_FALSE(migrate_store(url));
  }
}

TEST_CASE("the store's URL comes from the configuration, or is a file in the state directory") {
  config::Config config;
  REQUIRE(store_url(config) == "sqlite:///var/lib/holdfast/holdfast.db");
  config.store.url = "sqlite:///tmp/x.db";
  REQUIRE(store_url(config) == "sqlite:///tmp/x.db");
}

TEST_CASE("no file is touched that is linked into the place of one of the database's") {
  TempDir directory;
  const auto database = directory.path() / "a.db";
  const auto url = "sqlite://" + database.native();
  const auto elsewhere = directory.path() / "elsewhere";
  REQUIRE(migrate_store(url));
  for (const char* const suffix : {".writelock", "-journal", "-wal", "-shm"}) {
    INFO(suffix);
    std::ofstream(elsewhere) << "not ours to change";
    std::filesystem::permissions(elsewhere, std::filesystem::perms(0644));
    const std::filesystem::path planted = database.native() + suffix;
    std::filesystem::remove(planted);
    std::filesystem::create_symlink(elsewhere, planted);
    const auto migrated = migrate_store(url);
    REQUIRE_FALSE(migrated);
    CHECK(migrated.error().kind == ErrorKind::PermissionDenied);
    CHECK_THAT(migrated.error().message, Contains("is a link") && Contains("remove it"));
    CHECK_FALSE(sqlite::open_sqlite_store(database, {}, SystemClock()));
    CHECK(read_file(elsewhere).value() == "not ours to change");
    CHECK(std::filesystem::status(elsewhere).permissions() == std::filesystem::perms(0644));
    std::filesystem::remove(planted);
  }
  REQUIRE(migrate_store(url));
}

TEST_CASE("the database itself may be a link that its administrator has made, and no other's") {
  TempDir directory;
  const auto link = directory.path() / "a.db";
  const auto real = directory.path() / "real.db";
  REQUIRE(migrate_store("sqlite://" + real.native()));
  std::filesystem::permissions(real, std::filesystem::perms(0644));
  std::filesystem::create_symlink(real, link);
  REQUIRE(migrate_store("sqlite://" + link.native()));
  CHECK(std::filesystem::status(real).permissions() == std::filesystem::perms(0640));
  if (::geteuid() != 0) return;  // only root can make another's link
  std::filesystem::permissions(real, std::filesystem::perms(0644));
  REQUIRE(::lchown(link.c_str(), 65534, 65534) == 0);
  const auto first = directory.path() / "first.db";  // ours, and leads to the other's
  std::filesystem::create_symlink(link, first);
  const auto is_refused = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::PermissionDenied &&
           result.error().message.find("another user has made") != std::string::npos;
  };
  std::filesystem::remove(real.native() + ".writelock");
  for (const auto& path : {link, first}) {
    INFO(path);
    const auto url = "sqlite://" + path.native();
    CHECK(is_refused(migrate_store(url)));
    CHECK(is_refused(check_store(url)));
    CHECK(is_refused(restore_store(url, real)));
    CHECK(is_refused(sqlite::open_sqlite_store(path, {}, SystemClock())));
  }
  CHECK(std::filesystem::status(real).permissions() == std::filesystem::perms(0644));
  CHECK_FALSE(std::filesystem::exists(real.native() + ".writelock"));
  // To a file that is of whoever made the link.
  REQUIRE(::chown(real.c_str(), 65534, 65534) == 0);
  REQUIRE(migrate_store("sqlite://" + link.native()));
  CHECK(std::filesystem::status(real).permissions() == std::filesystem::perms(0640));
  CHECK(sqlite::open_sqlite_store(link, {}, SystemClock()));
  // Nor is a database made where such a link leads.
  for (const char* const suffix : {"", "-wal", "-shm", ".writelock"})
    std::filesystem::remove(real.native() + suffix);
  CHECK(is_refused(migrate_store("sqlite://" + link.native())));
  CHECK_FALSE(std::filesystem::exists(real));
}

TEST_CASE("a link that looks like what an interrupted restore has left is not taken for one") {
  TempDir directory;
  const auto database = directory.path() / "a.db";
  const auto elsewhere = directory.path() / "elsewhere";
  const auto url = "sqlite://" + database.native();
  REQUIRE(migrate_store(url));
  std::ofstream(elsewhere) << "not a database";
  std::filesystem::create_symlink(elsewhere, database.native() + ".restoring");
  CHECK_FALSE(migrate_store(url));
  CHECK_FALSE(restore_store(url, elsewhere));
  CHECK(std::filesystem::is_regular_file(std::filesystem::symlink_status(database)));
  std::filesystem::remove(database.native() + ".restoring");
  REQUIRE(migrate_store(url));
}
