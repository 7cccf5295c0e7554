// SPDX-License-Identifier: Apache-2.0
// Checking, backing up and restoring a database: while it is used, damaged, in the way.

#include "common/store/maintenance.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <thread>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

namespace fs = std::filesystem;

fs::path copy_in(const SqliteEnvironment& environment) {
  return environment.path().parent_path() / "copy.db";
}

std::vector<std::string> problems_of(const SqliteEnvironment& environment) {
  const auto report = check_store(environment.url());
  REQUIRE(report);
  std::vector<std::string> found;
  for (const Problem& problem : report->problems) {
    CHECK_FALSE(problem.advice.empty());
    found.push_back(problem.what);
  }
  return found;
}

bool mentions(const std::vector<std::string>& problems, const std::string& text) {
  for (const std::string& problem : problems) {
    if (problem.find(text) != std::string::npos) return true;
  }
  return false;
}

// Bytes in the middle of the file become something else.
void scribble(const fs::path& file) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(file));
  for (std::streamoff at = 4096; at < size; at += 4096) {
    stream.seekp(at);
    stream.write("scribbled over this page", 24);
  }
}

// A database, but none of ours.
void make_theirs(const fs::path& file) {
  std::ofstream{file};  // SQLite takes an empty file for a new database
  sql(file, "CREATE TABLE theirs(x)");
}

std::vector<fs::path> files_with(const SqliteEnvironment& environment, const std::string& part) {
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(environment.path().parent_path())) {
    if (entry.path().filename().native().find(part) != std::string::npos)
      found.push_back(entry.path());
  }
  return found;
}

// What is left lying about beside the database.
std::size_t files_beside(const SqliteEnvironment& environment) {
  return files_with(environment, ".part").size() + files_with(environment, ".restoring").size();
}

// A stack that was killed: "d1" is in the database and in its backup; the document whose id is
// returned is in its log alone.
std::string leave_a_log(SqliteEnvironment& environment) {
  REQUIRE(create(*environment.open(), "d1"));
  REQUIRE(backup_store(environment.url(), copy_in(environment), false));
  holdfast::test::Process stack = store_child({"create", environment.url()});
  REQUIRE(stack.read_line() == "ready");
  stack.close_input();
  const auto id = stack.read_line();
  stack.kill();
  REQUIRE(id);
  REQUIRE(fs::file_size(environment.path().native() + "-wal") > 0);
  return *id;
}

}  // namespace

TEST_CASE("a database in use is sound, and the check leaves nothing behind") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "d1", {chunk(0, "walrus", {1})});
  REQUIRE(create(*store, "d2"));
  const auto report = check_store(environment.url());
  REQUIRE(report);
  CHECK(report->problems.empty());
  CHECK(report->documents == 2);
  CHECK(report->chunks == 1);
  CHECK(report->jobs == 2);
  CHECK(files_beside(environment) == 0);
}

TEST_CASE("the check finds what must not be, and says what to do about it") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  store_ready(*store, "d1", {chunk(0, "walrus", {1})});
  REQUIRE(create(*store, "d2"));
  const auto break_it = [&](const std::string& statement) { sql(environment.path(), statement); };
  SECTION("a pending document without a job") {
    break_it("DELETE FROM job WHERE state = 0");
    CHECK(mentions(problems_of(environment), "no job will embed them: d2"));
  }
  SECTION("a job without a document") {
    break_it("UPDATE document SET job_id = 4711, status = 2 WHERE id = 'd2'");
    CHECK(mentions(problems_of(environment), "wait to embed documents that are gone"));
  }
  SECTION("lost content") {
    break_it("DELETE FROM document_content");
    CHECK(mentions(problems_of(environment), "2 documents have lost their content"));
  }
  SECTION("lost chunks") {
    break_it("DELETE FROM chunk");
    CHECK(mentions(problems_of(environment), "more or fewer chunks than were stored: d1"));
  }
  SECTION("chunks that no document shows") {
    break_it("UPDATE document SET chunks_job = 0, status = 0, job_id = 2 WHERE id = 'd1'");
    CHECK(mentions(problems_of(environment), "neither shown nor about to be deleted"));
  }
  SECTION("chunks that the full text does not know") {
    break_it("DELETE FROM chunk_terms");
    CHECK(mentions(problems_of(environment), "missing from the full text: d1"));
    REQUIRE(migrate_store(environment.url()));
    CHECK(problems_of(environment).empty());
  }
  SECTION("wrong counts") {
    break_it("UPDATE finished_count SET jobs = 7");
    CHECK(mentions(problems_of(environment), "the counts of finished jobs are wrong"));
  }
}

TEST_CASE("a damaged file is found out") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    store_ready(*store, "d1", {chunk(0, "walrus", {1})});
  }
  SECTION("pages") {
    scribble(environment.path());
  }
  SECTION("the header") {
    std::ofstream(environment.path()) << std::string(8192, 'x');
  }
  CHECK_FALSE(problems_of(environment).empty());
  CHECK(files_beside(environment) == 0);
  const auto backup = backup_store(environment.url(), copy_in(environment), false);
  REQUIRE_FALSE(backup);
  CHECK(backup.error().kind == ErrorKind::DataLoss);
  CHECK_FALSE(fs::exists(copy_in(environment)));
}

TEST_CASE("what cannot be checked is an error, and not a verdict") {
  SqliteEnvironment environment;
  CHECK(check_store("postgresql://localhost/holdfast").error().kind == ErrorKind::InvalidArgument);
  CHECK(check_store("sqlite:///nonexistent/holdfast.db").error().kind == ErrorKind::NotFound);
  make_theirs(copy_in(environment));
  const auto theirs = check_store("sqlite://" + copy_in(environment).native());
  REQUIRE_FALSE(theirs);
  CHECK(theirs.error().message.find("another program") != std::string::npos);
}

TEST_CASE("a backup under load is one moment of the database, whole and private") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  std::atomic<bool> stop = false;
  std::thread load([&] {
    for (int i = 0; !stop; ++i)
      (void)create(*store, "d" + std::to_string(i));
  });
  for (int round = 0; round < 3; ++round) {
    const auto report = backup_store(environment.url(), copy_in(environment), round > 0);
    REQUIRE(report);
    CHECK(report->bytes == fs::file_size(copy_in(environment)));
    require_intact(copy_in(environment));
    CHECK(sql(copy_in(environment),
              "SELECT (SELECT count(*) FROM document) = (SELECT count(*) FROM job)") == "1");
    CHECK(check_store("sqlite://" + copy_in(environment).native())->problems.empty());
  }
  stop = true;
  load.join();
  struct stat info {};
  REQUIRE(::stat(copy_in(environment).c_str(), &info) == 0);
  CHECK((info.st_mode & 0007) == 0);
  CHECK(files_beside(environment) == 0);
}

TEST_CASE("a backup replaces nothing unless it is told to, and never the database") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  std::ofstream(copy_in(environment)) << "precious";
  CHECK(backup_store(environment.url(), copy_in(environment), false).error().kind ==
        ErrorKind::Conflict);
  CHECK(fs::file_size(copy_in(environment)) == 8);
  CHECK(backup_store(environment.url(), copy_in(environment), true));
  CHECK(fs::file_size(copy_in(environment)) > 8);
  for (const char* const suffix : {"", "-wal", ".writelock"}) {
    const fs::path part(environment.path().native() + suffix);
    CHECK(backup_store(environment.url(), part, true).error().kind == ErrorKind::InvalidArgument);
  }
  CHECK(backup_store(environment.url(), "/nonexistent/copy.db", false).error().kind ==
        ErrorKind::NotFound);
}

TEST_CASE("a backup takes the place of a file only, whatever it is told") {
  SqliteEnvironment environment;
  const fs::path pipe = environment.path().parent_path() / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  for (const fs::path& target : {pipe, environment.path().parent_path(), fs::path("/dev/null")}) {
    const auto refused = backup_store(environment.url(), target, true);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::InvalidArgument);
  }
  CHECK(fs::is_fifo(pipe));
  CHECK(fs::is_character_file("/dev/null"));
}

TEST_CASE("a backup that fails leaves no file, and not the one that it was to replace") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1", std::string(4 << 20, 'x')));
  std::ofstream(copy_in(environment)) << "precious";
  {
    const FullDisk full(1 << 20);
    CHECK_FALSE(backup_store(environment.url(), copy_in(environment), true));
  }
  CHECK(fs::file_size(copy_in(environment)) == 8);
  CHECK(files_beside(environment) == 0);
}

TEST_CASE("a restore puts the backup in place and keeps what was there") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    store_ready(*store, "before", {chunk(0, "walrus", {1})});
    REQUIRE(backup_store(environment.url(), copy_in(environment), false));
    REQUIRE(create(*store, "after"));
  }
  const auto report = restore_store(environment.url(), copy_in(environment));
  REQUIRE(report);
  CHECK(report->restored.documents == 1);
  CHECK(sql(report->replaced, "SELECT count(*) FROM document") == "2");
  const auto store = environment.open();
  CHECK(store->get_document("before"));
  CHECK(store->get_document("after").error().kind == ErrorKind::NotFound);
  CHECK(find(*store, "walrus", {1}, 5)->size() == 1);
  CHECK(sql(environment.path(), "PRAGMA journal_mode") == "wal");
  REQUIRE(create(*store, "new"));
  CHECK(files_beside(environment) == 0);
}

TEST_CASE("a database that is in use, by whomever, is not replaced") {
  SqliteEnvironment environment;
  REQUIRE(backup_store(environment.url(), copy_in(environment), false));
  {
    holdfast::test::Process other = store_child({"create", environment.url()});
    REQUIRE(other.read_line() == "ready");
    const auto refused = restore_store(environment.url(), copy_in(environment));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::Unavailable);
    CHECK(refused.error().message.find("in use") != std::string::npos);
    other.kill();
  }
  CHECK(restore_store(environment.url(), copy_in(environment)));
}

TEST_CASE("what is not sound, or no backup of a store, is not restored") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    store_ready(*store, "d1", {chunk(0, "walrus", {1})});
    REQUIRE(backup_store(environment.url(), copy_in(environment), false));
  }
  SECTION("damaged") {
    scribble(copy_in(environment));
    const auto report = restore_store(environment.url(), copy_in(environment));
    CHECK((!report || !report->restored.problems.empty()));
  }
  SECTION("another program's") {
    fs::remove(copy_in(environment));
    make_theirs(copy_in(environment));
    CHECK_FALSE(restore_store(environment.url(), copy_in(environment)));
  }
  SECTION("a newer Holdfast's") {
    sql(copy_in(environment), "INSERT INTO schema_version VALUES(4711, 'newer', 0)");
    CHECK_FALSE(restore_store(environment.url(), copy_in(environment)));
  }
  SECTION("missing") {
    fs::remove(copy_in(environment));
    CHECK(restore_store(environment.url(), copy_in(environment)).error().kind ==
          ErrorKind::NotFound);
  }
  SECTION("the database itself") {
    CHECK_FALSE(restore_store(environment.url(), environment.path()));
  }
  CHECK(environment.open()->get_document("d1"));
}

TEST_CASE("a damaged database can be replaced, with its log") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    REQUIRE(create(*store, "d1"));
    REQUIRE(backup_store(environment.url(), copy_in(environment), false));
  }
  std::ofstream(environment.path()) << std::string(8192, 'x');
  std::ofstream(environment.path().native() + "-wal") << "its log";
  const auto report = restore_store(environment.url(), copy_in(environment));
  REQUIRE(report);
  CHECK(fs::exists(report->replaced));
  CHECK(fs::exists(report->replaced.native() + "-wal"));
  CHECK(environment.open()->get_document("d1"));
}

TEST_CASE("a database that is gone is restored, and the log that it left is not mixed in") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    REQUIRE(create(*store, "d1"));
    REQUIRE(backup_store(environment.url(), copy_in(environment), false));
    REQUIRE(create(*store, "d2"));
    fs::remove(environment.path());  // so that the log is not emptied either
  }
  REQUIRE(fs::file_size(environment.path().native() + "-wal") > 0);
  const auto report = restore_store(environment.url(), copy_in(environment));
  REQUIRE(report);
  CHECK(fs::exists(report->replaced));
  const auto store = environment.open();
  CHECK(store->get_document("d1"));
  CHECK(store->get_document("d2").error().kind == ErrorKind::NotFound);
  CHECK(check_store(environment.url())->problems.empty());
}

TEST_CASE("a restore that is killed at any step leaves the former database or the new one, whole") {
  const std::string step = GENERATE("copied", "begun", "linked", "-wal", "kept aside", "in place");
  const std::string next = GENERATE("open", "check", "restore");
  INFO(step << ", then " << next);
  SqliteEnvironment environment;
  const std::string in_log = leave_a_log(environment);
  auto killed = store_child({"restore", environment.url(), copy_in(environment).native(), step});
  CHECK(killed.wait().signaled);
  const bool is_new = step != "copied" || next == "restore";

  if (next == "check") {
    const auto report = check_store(environment.url());
    REQUIRE(report);
    CHECK(report->problems.empty());
    CHECK((report->documents == 1) == is_new);
  }
  if (next == "restore") REQUIRE(restore_store(environment.url(), copy_in(environment)));
  const auto store = environment.open();
  CHECK(store->get_document("d1"));
  CHECK(store->get_document(in_log).has_value() == !is_new);
  // What was there before is kept with its log, and is another file.
  const auto kept = files_with(environment, ".replaced-");
  for (const fs::path& file : kept)
    CHECK_FALSE(fs::equivalent(file, environment.path()));
  bool is_kept = false;
  for (const fs::path& file : kept) {
    if (!file.native().ends_with("Z")) continue;  // whose log goes when it is opened and closed
    is_kept =
        is_kept || sql(file, "SELECT count(*) FROM document WHERE id = '" + in_log + "'") == "1";
  }
  CHECK(is_kept == is_new);
  CHECK(check_store(environment.url())->problems.empty());
  CHECK(files_beside(environment) == 0);
}

TEST_CASE("a restore that fails after the log was moved puts it back") {
  SqliteEnvironment environment;
  const std::string in_log = leave_a_log(environment);
  auto child =
      store_child({"restore", environment.url(), copy_in(environment).native(), "obstruct"});
  CHECK(child.read_to_end().find("error move") != std::string::npos);
  CHECK(child.wait().shell_status() == 2);
  CHECK(files_beside(environment) == 0);
  CHECK(environment.open()->get_document(in_log));
}

TEST_CASE("copies that killed processes have left behind are removed by the next one") {
  SqliteEnvironment environment;
  std::ofstream(environment.path().parent_path() / ".holdfast.db.4711.part") << "half a copy";
  std::ofstream(environment.path().parent_path() / ".holdfast.db.4711.part-journal") << "its own";
  REQUIRE(check_store(environment.url()));
  CHECK(files_beside(environment) == 0);
}
