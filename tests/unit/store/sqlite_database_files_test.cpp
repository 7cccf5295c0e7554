// SPDX-License-Identifier: Apache-2.0
// What is done to the files of a database while it is in use.
#include "common/os/file.hpp"
#include "common/store/maintenance.hpp"
#include "common/store/move/source.hpp"
#include "common/store/sqlite/database_files.hpp"
#include "common/store/sqlite/entrance.hpp"
#include "common/store/sqlite/range_lock.hpp"
#include "common/store/sqlite/write_lock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <atomic>
#include <fstream>
#include <future>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;
namespace fs = std::filesystem;

namespace {

fs::path beside(const fs::path& path, const std::string& suffix) {
  return path.native() + suffix;
}

// How often this process has the file open.
std::size_t descriptors_of(const fs::path& path) {
  std::size_t count = 0;
  std::error_code gone;
  for (const auto& entry : fs::directory_iterator("/proc/self/fd"))
    count += fs::read_symlink(entry.path(), gone) == path;
  return count;
}

// Another database than the one of the environment, whole in one file.
fs::path another(SqliteEnvironment& environment) {
  const fs::path other = beside(environment.path(), ".other");
  REQUIRE(create(*environment.open(), "in both"));
  fs::copy_file(environment.path(), other);
  REQUIRE(create(*environment.open(), "in the former alone"));
  return other;
}

}  // namespace

TEST_CASE("a write into a file that others no longer find is refused, and said why") {
  const std::string suffix = GENERATE("", "-wal", "-shm", ".writelock");
  const std::string deed = GENERATE("moved", "deleted", "replaced");
  INFO(deed << " '" << suffix << "'");
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  REQUIRE(store->check());
  const fs::path file = beside(environment.path(), suffix);
  const fs::path away = beside(file, ".away");
  if (deed == "deleted") {
    fs::remove(file);
  } else {
    fs::rename(file, away);
  }
  if (deed == "replaced") std::ofstream(file) << "another";

  const auto refused = create(*store, "lost");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Unavailable);
  CHECK(refused.error().message.find("'" + file.filename().native() + "' was " +
                                     (deed == "replaced" ? "replaced" : "moved or deleted")) !=
        std::string::npos);
  CHECK_FALSE(store->check());
  if (deed == "deleted") return;
  fs::rename(away, file);
  // It is tried by a write.
  REQUIRE(wait_until([&] { return store->check().has_value(); }));
  REQUIRE(create(*store, "after"));
}

TEST_CASE("files beside a database are let go once what is in the log alone is kept") {
  const std::vector<std::string> suffixes =
      GENERATE(std::vector<std::string>{"-wal"}, std::vector<std::string>{"-shm"},
               std::vector<std::string>{".writelock"}, std::vector<std::string>{"-wal", "-shm"},
               std::vector<std::string>{"-wal", "-shm", ".writelock"});
  const bool replaced = GENERATE(false, true);
  INFO(suffixes.front() << ", one of " << suffixes.size() << (replaced ? ", replaced" : ""));
  SqliteEnvironment environment;
  std::atomic<int> lost = 0;
  OpenOptions options;
  options.on_lost = [&](const Error&) { ++lost; };
  auto store = environment.open(options);
  REQUIRE(create(*store, "in the log"));
  for (const std::string& suffix : suffixes) {
    fs::remove(beside(environment.path(), suffix));
    if (replaced) std::ofstream(beside(environment.path(), suffix)).flush();
  }
  REQUIRE(wait_until([&] { return lost == 1; }));
  CHECK_FALSE(create(*store, "refused"));
  store.reset();
  CHECK(lost == 1);
  store = environment.open();
  CHECK(store->get_document("in the log"));
  CHECK_FALSE(store->get_document("refused"));
  REQUIRE(create(*store, "after"));
  store.reset();
  require_intact(environment.path());
}

TEST_CASE("what is in a deleted log alone is kept by whoever ends while it has it open") {
  SqliteEnvironment environment;
  auto store = environment.open();
  REQUIRE(create(*store, "in the log"));
  fs::remove(beside(environment.path(), "-wal"));
  store.reset();
  CHECK(environment.open()->get_document("in the log"));
}

TEST_CASE("another database in the place of one and without its log is begun with anew") {
  SqliteEnvironment environment;
  const fs::path other = another(environment);
  std::atomic<bool> lost = false;
  OpenOptions options;
  options.on_lost = [&](const Error&) { lost = true; };
  auto store = environment.open(options);
  REQUIRE(create(*store, "in the former's log"));
  fs::rename(environment.path(), beside(environment.path(), ".away"));
  fs::remove(beside(environment.path(), "-wal"));
  fs::rename(other, environment.path());
  REQUIRE(wait_until([&] { return lost.load(); }));
  store.reset();
  CHECK_FALSE(environment.open()->get_document("in the former's log"));
  CHECK(sql(beside(environment.path(), ".away"),
            "SELECT count(*) FROM document WHERE id = 'in the former''s log'") == "1");
}

TEST_CASE("nobody opens a database with new files as long as somebody has the former ones") {
  const std::string suffix = GENERATE("-wal", "-shm");
  SqliteEnvironment environment;
  auto store = environment.open();
  REQUIRE(create(*store, "before"));
  fs::remove(beside(environment.path(), suffix));
  auto opened = std::async(std::launch::async, [&] { return environment.open(); });
  CHECK(opened.wait_for(200ms) == std::future_status::timeout);
  store.reset();
  REQUIRE(create(*opened.get(), "after"));
  require_intact(environment.path());
}

// As sqlite3(1) does, which shows its use by SQLite's own lock alone.
TEST_CASE("nobody opens a database of whose files another program has the former ones") {
  SqliteEnvironment environment;
  REQUIRE(create(*environment.open(), "before"));
  holdfast::test::Process reader = store_child({"read", environment.url()});
  REQUIRE(reader.read_line() == "reads");
  fs::remove(beside(environment.path(), "-shm"));
  fs::remove(beside(environment.path(), ".writelock"));
  auto refused = open_store(environment.url(), {}, environment.clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Unavailable);
  CHECK(refused.error().message.find("still uses the former one") != std::string::npos);
  CHECK(refused.error().message.find("store_child") != std::string::npos);
  reader.kill();
  REQUIRE(create(*environment.open(), "after"));
}

TEST_CASE("nobody opens a database all of whose other files were made anew under somebody") {
  SqliteEnvironment environment;
  REQUIRE(create(*environment.open(), "before"));
  holdfast::test::Process holder = store_child({"hold", environment.url(), "queue-worker.0"});
  REQUIRE(holder.read_line() == "held");
  for (const char* const suffix : {"-wal", "-shm", ".writelock"}) {
    fs::remove(beside(environment.path(), suffix));
    std::ofstream(beside(environment.path(), suffix)).flush();
  }
  const auto refused = open_store(environment.url(), {}, environment.clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("still uses the former one") != std::string::npos);
  holder.kill();
  CHECK(environment.open()->get_document("before"));
}

TEST_CASE("a log that is put back after a later one was used is refused") {
  SqliteEnvironment environment;
  const fs::path log = beside(environment.path(), "-wal");
  auto store = environment.open();
  REQUIRE(create(*store, "first"));
  fs::rename(log, beside(log, ".away"));
  store.reset();
  REQUIRE(create(*environment.open(), "second"));
  fs::remove(log);
  fs::rename(beside(log, ".away"), log);
  const auto refused = open_store(environment.url(), {}, environment.clock);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("was put back: move it away") != std::string::npos);
  fs::remove(log);
  store = environment.open();
  CHECK(store->get_document("first"));
  CHECK(store->get_document("second"));
}

TEST_CASE("a database behind a symbolic link is watched where the link leads, and the link too") {
  SqliteEnvironment environment;
  const fs::path real = beside(environment.path(), ".real");
  fs::rename(environment.path(), real);
  fs::create_symlink(real, environment.path());
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  fs::remove(environment.path());
  CHECK_FALSE(create(*store, "without a link"));
  fs::create_symlink(real, environment.path());
  REQUIRE(create(*store, "with it again"));
  fs::rename(beside(real, "-wal"), beside(real, "-gone"));
  CHECK_FALSE(create(*store, "without a log"));
  fs::rename(beside(real, "-gone"), beside(real, "-wal"));
}

TEST_CASE("a database has one lock of its writers, whichever path it is opened by") {
  SqliteEnvironment environment;
  const fs::path link = beside(environment.path(), ".link");
  fs::create_symlink(environment.path().filename(), link);
  const std::string by_link = "sqlite://" + link.native();
  REQUIRE(migrate_store(by_link));
  CHECK_FALSE(fs::exists(beside(link, ".writelock")));
  const auto store = open_store(by_link, {}, environment.clock);
  REQUIRE(store);
  auto lock = sqlite::WriteLock::open(environment.path());
  auto guard = std::make_optional(lock->acquire());
  auto created = std::async(std::launch::async, [&] { return create(**store, "d1"); });
  CHECK(created.wait_for(200ms) == std::future_status::timeout);
  guard.reset();
  CHECK(created.get());
}

TEST_CASE("a link to a database that is yet to be made is followed for all of its files") {
  const holdfast::test::TempDir directory;
  const fs::path link = directory / "link.db";
  fs::create_symlink("real.db", link);
  REQUIRE(migrate_store("sqlite://" + link.native()));
  CHECK(fs::exists(directory / "real.db.writelock"));
  CHECK_FALSE(fs::exists(beside(link, ".writelock")));
  CHECK((fs::status(directory / "real.db").permissions() & fs::perms::others_all) ==
        fs::perms::none);
}

TEST_CASE("a restore through a link replaces the database, and not the link") {
  SqliteEnvironment environment;
  const fs::path backup = another(environment);
  const fs::path link = beside(environment.path(), ".link");
  fs::create_symlink(environment.path(), link);
  REQUIRE(restore_store("sqlite://" + link.native(), backup));
  CHECK(fs::is_symlink(link));
  const auto store = environment.open();
  CHECK(store->get_document("in both"));
  CHECK_FALSE(store->get_document("in the former alone"));
}

TEST_CASE("a database that was replaced under its log is opened by nobody, until it is put right") {
  SqliteEnvironment environment;
  const fs::path file = environment.path();
  const fs::path other = beside(file, ".other");
  auto store = environment.open();
  store.reset();  // all is in the file
  fs::copy_file(file, other);
  store = environment.open();
  REQUIRE(create(*store, "in the log"));
  fs::rename(file, beside(file, ".away"));
  fs::rename(other, file);

  const auto open = [&] { return open_store(environment.url(), {}, environment.clock); };
  const auto is_refused = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::Unavailable &&
           result.error().message.find("belongs to the former one") != std::string::npos;
  };
  CHECK(is_refused(open()));
  CHECK(is_refused(migrate_store(environment.url())));
  CHECK(is_refused(check_store(environment.url())));
  CHECK(is_refused(backup_store(environment.url(), beside(file, ".backup"), false)));
  CHECK(is_refused(move::Source::open(file)));
  SECTION("by the former file") {
    fs::rename(beside(file, ".away"), file);
    const auto again = open();
    REQUIRE(again);
    CHECK((*again)->get_document("in the log"));
  }
  SECTION("by giving up its log") {
    store.reset();
    for (const char* const suffix : {"-wal", "-shm"})
      fs::remove(beside(file, suffix));
    REQUIRE(migrate_store(environment.url()));
    const auto again = open();
    REQUIRE(again);
    CHECK_FALSE((*again)->get_document("in the log"));
    CHECK(create(**again, "in the log"));
  }
}

TEST_CASE("a database that replaced one in use is opened by nobody, though the log is empty") {
  SqliteEnvironment environment;
  const fs::path file = environment.path();
  const fs::path log = beside(file, "-wal");
  auto store = environment.open();
  store.reset();
  fs::copy_file(file, beside(file, ".other"));
  store = environment.open();
  auto second = environment.open();
  REQUIRE(create(*second, "before"));
  second.reset();  // empties the log, which the first still uses
  REQUIRE(fs::file_size(log) == 0);
  fs::rename(file, beside(file, ".away"));
  fs::rename(beside(file, ".other"), file);

  const auto open = [&] { return open_store(environment.url(), {}, environment.clock); };
  const auto refused = open();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::Unavailable);
  CHECK(refused.error().message.find("still in use") != std::string::npos);
  CHECK_FALSE(create(*store, "into the former one"));

  SECTION("put back, it is as it was") {
    fs::rename(file, beside(file, ".other"));
    fs::rename(beside(file, ".away"), file);
    REQUIRE(open());
    REQUIRE(create(*store, "after"));
    require_intact(file);
  }
  SECTION("once nobody uses the former one, the other is opened") {
    store.reset();
    auto other = open();
    REQUIRE(other);
    REQUIRE(create(**other, "in the other"));
    require_intact(file);
  }
}

TEST_CASE("a backup that was copied over a database in place is not mixed with the log of that") {
  SqliteEnvironment environment;
  const fs::path file = environment.path();
  const fs::path backup = beside(file, ".backup");
  REQUIRE(create(*environment.open(), "in the backup"));
  REQUIRE(backup_store(environment.url(), backup, false));
  holdfast::test::Process stack = store_child({"create", environment.url()});
  REQUIRE(stack.read_line() == "ready");
  stack.close_input();
  REQUIRE(stack.read_line());
  stack.kill();
  fs::copy_file(backup, file, fs::copy_options::overwrite_existing);

  const auto is_refused = [](const auto& result) {
    return !result && result.error().kind == ErrorKind::Unavailable &&
           result.error().message.find("was overwritten by a backup") != std::string::npos;
  };
  CHECK(is_refused(open_store(environment.url(), {}, environment.clock)));
  CHECK(is_refused(migrate_store(environment.url())));
  CHECK(is_refused(check_store(environment.url())));
  CHECK(is_refused(move::Source::open(file)));
  for (const char* const suffix : {"-wal", "-shm"})
    fs::remove(beside(file, suffix));
  REQUIRE(migrate_store(environment.url()));
  CHECK(environment.open()->get_document("in the backup"));
}

TEST_CASE("a file that is moved is not changed, and keeps its log") {
  SqliteEnvironment environment;
  holdfast::test::Process stack = store_child({"create", environment.url()});
  REQUIRE(stack.read_line() == "ready");
  stack.close_input();
  REQUIRE(stack.read_line());
  stack.kill();
  const auto bytes_of = [&](const char* suffix) {
    return std::move(*read_file(beside(environment.path(), suffix)));
  };
  const std::string file = bytes_of("");
  const std::string log = bytes_of("-wal");
  REQUIRE_FALSE(log.empty());
  {
    auto source = move::Source::open(environment.path());
    REQUIRE(source);
    const auto tables = source->tables();
    REQUIRE(tables);
    for (const auto& table : *tables)
      CHECK(source->count(table));
  }
  CHECK(bytes_of("") == file);
  CHECK(bytes_of("-wal") == log);
}

TEST_CASE("a database that was copied with all its files is opened as it was") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "in the log"));
  const holdfast::test::TempDir elsewhere;
  const fs::path copy = elsewhere / environment.path().filename();
  for (const char* const suffix : {"", "-wal", "-shm", ".writelock"}) {
    // By a child: closing the files here would drop SQLite's locks on them.
    const auto copied = holdfast::test::run_program(
        {"/bin/cp", beside(environment.path(), suffix), beside(copy, suffix)});
    REQUIRE(copied.ended.shell_status() == 0);
  }
  const auto again = open_store("sqlite://" + copy.native(), {}, environment.clock);
  REQUIRE(again);
  CHECK((*again)->get_document("in the log"));
}

TEST_CASE("who opens a database that is being restored waits for that") {
  SqliteEnvironment environment;
  auto restoring = sqlite::Entrance::close(environment.path());
  REQUIRE(restoring);
  auto opened = std::async(std::launch::async, [&] { return environment.open(); });
  CHECK(opened.wait_for(200ms) == std::future_status::timeout);
  restoring = fail(ErrorKind::Unavailable, "done");
  REQUIRE(create(*opened.get(), "after"));
}

TEST_CASE("who had opened a database and waited for its lock while it was replaced opens the new") {
  SqliteEnvironment environment;
  const fs::path other = another(environment);
  // As somebody who knows of SQLite's locks, but not of the entrance.
  std::optional<Fd> held(std::in_place, ::open(environment.path().c_str(), O_RDWR | O_CLOEXEC));
  struct flock range = sqlite::range_lock(0x40000000, F_WRLCK, 512);
  REQUIRE(::fcntl(held->get(), F_OFD_SETLK, &range) == 0);
  auto opened = std::async(std::launch::async, [&] { return environment.open(); });
  REQUIRE(wait_until([&] { return descriptors_of(environment.path()) > 1; }));
  fs::rename(other, environment.path());
  held.reset();

  auto store = opened.get();
  CHECK(store->get_document("in the former alone").error().kind == ErrorKind::NotFound);
  REQUIRE(create(*store, "after"));
  store.reset();
  CHECK(environment.open()->get_document("after"));
}
