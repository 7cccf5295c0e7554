// SPDX-License-Identifier: Apache-2.0
// Full disks, damaged files, missing rights.

#include "common/store/maintenance.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <fstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;

TEST_CASE("a full disk fails the writes it cannot hold, and the store goes on when there is room") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  {
    const FullDisk full(512 * 1024);
    const auto refused = create(*store, "large", std::string(1 << 20, 'x'));
    REQUIRE_FALSE(refused);
    INFO(refused.error().message);
    REQUIRE(refused.error().kind == ErrorKind::ResourceExhausted);
    REQUIRE_THAT(refused.error().message, Contains("free space"));
    REQUIRE(store->get_document("before"));
    REQUIRE(store->get_document("large").error().kind == ErrorKind::NotFound);
  }
  REQUIRE(create(*store, "large", std::string(1 << 20, 'x')));
  REQUIRE(store->queue_stats("default")->ready == 2);
  require_intact(environment.path());
}

TEST_CASE("a full disk is not found well by the write that tries it, and nothing else writes") {
  struct Row {
    int free_kib;  // less than a document takes is as good as nothing
    bool well;
  };
  const Row row = GENERATE(Row{0, false}, Row{40, false}, Row{1024, true});
  CAPTURE(row.free_kib);
  const holdfast::test::SmallDisk disk("size=4m,mode=0755");
  if (!disk.mounted()) return;
  const std::string url = "sqlite://" + (disk.path() / "a.db").native();
  REQUIRE(migrate_store(url));
  std::atomic<int> commits = 0;
  OpenOptions options;
  options.on_commit = [&](Duration) { ++commits; };
  const SystemClock clock;
  auto opened = open_store(url, options, clock);
  REQUIRE(opened);
  std::unique_ptr<Store> store = std::move(*opened);
  REQUIRE(store->get_document("none").error().kind == ErrorKind::NotFound);  // maps its files
  std::ofstream(disk.path() / "room") << std::string(std::size_t{1024} * row.free_kib, 'x');
  disk.fill_with_bytes();
  std::filesystem::remove(disk.path() / "room");

  (void)store->check();  // begins to try one, for this is the first look
  SECTION("by its commits: the destructor waits for it") {
    store.reset();
    CHECK(commits == (row.well ? 1 : 0));
  }
  SECTION("by what is found later, and when there is room again") {
    if (row.well) {
      REQUIRE(holdfast::test::wait_until([&] { return commits == 1; }));
      REQUIRE(store->check());
    } else {
      REQUIRE(holdfast::test::wait_until([&] { return !store->check(); }));
      REQUIRE(store->check().error().kind == ErrorKind::ResourceExhausted);
    }
    disk.empty();
    REQUIRE(holdfast::test::wait_until([&] { return store->check().has_value(); }));
    store.reset();
    CHECK(sql(disk.path() / "a.db", "SELECT count(*) FROM schema_version WHERE version<1") == "0");
    require_intact(disk.path() / "a.db");
  }
}

TEST_CASE("a document that goes makes the store try at once whether there is room again") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  {
    const FullDisk full(512 * 1024);
    const auto refused = create(*store, "large", std::string(1 << 20, 'x'));
    REQUIRE_FALSE(refused);
    REQUIRE(refused.error().kind == ErrorKind::ResourceExhausted);
  }
  REQUIRE(remove(*store, "before"));
  // The second is written after what the removal has begun, and tells nothing of the disk itself.
  REQUIRE(create(*store, "first"));
  REQUIRE(create(*store, "second"));
  REQUIRE(store->check());
}

TEST_CASE("a file that is no database is data loss, with what to do") {
  TempDir directory;
  const auto path = directory.path() / "a.db";
  std::ofstream(path) << std::string(8192, 'x');
  const SystemClock clock;
  const auto opened = open_store("sqlite://" + path.native(), {}, clock);
  REQUIRE_FALSE(opened);
  REQUIRE(opened.error().kind == ErrorKind::DataLoss);
  REQUIRE_THAT(opened.error().message, Contains(path.native()) && Contains(".dump"));
  REQUIRE(migrate_store("sqlite://" + path.native()).error().kind == ErrorKind::DataLoss);
}

TEST_CASE("a damaged page is data loss when it is read, with what to do") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    for (int i = 0; i < 200; ++i)
      REQUIRE(create(*store, "d" + std::to_string(i)));
  }
  {
    // All but the first pages, which hold the schema.
    std::fstream file(environment.path(), std::ios::in | std::ios::out | std::ios::binary);
    const auto size = std::filesystem::file_size(environment.path());
    const auto root = std::stoull(
        sql(environment.path(), "SELECT rootpage FROM sqlite_schema WHERE name='document'"));
    file.seekp(static_cast<std::streamoff>((root - 1) * 4096));
    REQUIRE(root * 4096 <= size);
    file << std::string(4096, '\xa5');
  }
  const auto store = environment.open();
  const auto read = store->list_documents({});
  REQUIRE_FALSE(read);
  REQUIRE(read.error().kind == ErrorKind::DataLoss);
  REQUIRE_THAT(read.error().message, Contains(".dump"));
}

TEST_CASE("what a damaged file still has is salvaged by the command that the error names") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    for (int i = 0; i < 200; ++i)
      REQUIRE(create(*store, "d" + std::to_string(i), "content number " + std::to_string(i)));
  }
  {
    std::fstream file(environment.path(), std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes(std::istreambuf_iterator<char>(file), {});
    const std::size_t at = bytes.find("content number 100");
    REQUIRE(at != std::string::npos);
    file.seekp(static_cast<std::streamoff>(at / 4096 * 4096));
    file << std::string(4096, '\xa5');
  }
  const auto damaged = check_store(environment.url());
  REQUIRE(damaged);
  REQUIRE_FALSE(damaged->problems.empty());
  std::string command = damaged->problems.front().advice;
  const std::size_t begin = command.find("sqlite3 DATABASE");
  const std::size_t end = command.find(", and put");
  REQUIRE(end != std::string::npos);
  command = command.substr(begin, end - begin);
  const auto salvaged = environment.path().parent_path() / "salvaged.db";
  command.replace(command.find("DATABASE"), 8, environment.path().native());
  command.replace(command.find("SALVAGED"), 8, salvaged.native());
  CAPTURE(command);
  REQUIRE(std::system(command.c_str()) == 0);
  std::filesystem::rename(salvaged, environment.path());

  const auto report = check_store(environment.url());
  REQUIRE(report);
  CHECK(report->documents == 200);
  REQUIRE(report->problems.size() == 1);
  CHECK_THAT(report->problems.front().what, Contains("documents have lost their content"));
  const auto store = environment.open();
  CHECK(store->check());
  CHECK(create(*store, "one more"));
}

TEST_CASE("a check notices a database that was deleted, or overwritten, under the store") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(store->check());
  SECTION("deleted") {
    std::filesystem::remove(environment.path());
    const auto result = store->check();
    REQUIRE_FALSE(result);
    REQUIRE(result.error().kind == ErrorKind::Unavailable);
  }
  SECTION("overwritten") {
    // By a child: closing the file here would drop SQLite's locks on it.
    const auto dd =
        holdfast::test::run_program({"/bin/dd", "if=/dev/zero", "of=" + environment.path().native(),
                                     "bs=512", "count=1", "conv=notrunc", "status=none"});
    INFO(dd.output);
    REQUIRE(dd.ended.shell_status() == 0);
    const auto result = store->check();
    REQUIRE_FALSE(result);
    REQUIRE(result.error().kind == ErrorKind::DataLoss);
  }
}

TEST_CASE("a directory that may not be written is permission denied, and named") {
  SqliteEnvironment environment;
  std::filesystem::permissions(environment.path().parent_path(), std::filesystem::perms(0555));
  if (::geteuid() != 0) {
    std::filesystem::permissions(environment.path(), std::filesystem::perms(0444));
  }
  auto child = store_child({"nobody", environment.url()});
  for (const char* step : {"open", "migrate"}) {
    INFO(step);
    const auto line = child.read_line();
    REQUIRE(line);
    REQUIRE_THAT(*line,
                 Catch::StartsWith("permission denied") && Contains(environment.path().native()));
  }
  REQUIRE(child.wait().shell_status() == 0);
}

TEST_CASE("a log that was emptied in use is damage to who has to read what another wrote") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto other = environment.open();
  REQUIRE(create(*store, "d1"));
  REQUIRE(create(*other, "d2"));
  std::filesystem::resize_file(environment.path().native() + "-wal", 0);
  const auto refused = create(*store, "d3");
  REQUIRE_FALSE(refused);
  INFO(refused.error().message);
  CHECK(refused.error().kind == ErrorKind::DataLoss);
  CHECK_FALSE(store->check());
}
