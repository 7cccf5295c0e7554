// SPDX-License-Identifier: Apache-2.0
// alerts.db, on disks that are well and on others.
#include "supervisor/alerts/database.hpp"

#include "supervisor/alerts/outbox.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/delivery/samples.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <mutex>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;

namespace {

// A logger whose lines are kept.
struct Lines {
  std::mutex mutex;
  std::vector<std::string> lines;
  log::LogOptions options() {
    log::LogOptions options = log::options_for(log::Level::Info, log::Format::Json);
    options.write = [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      lines.emplace_back(line);
    };
    return options;
  }
};

struct Disk {
  test::TempDir dir;
  Lines lines;
  log::Logger log{lines.options()};
  std::filesystem::path file = dir / "alerts.db";
};

StoredEntry entry(std::int64_t number) {
  StoredEntry stored;
  stored.number = number;
  stored.notification = samples::notification("A", static_cast<int>(number));
  stored.ids = {stored.notification.id, "another"};
  stored.since = from_unix_ms(1'795'434'163'482);
  return stored;
}

}  // namespace

TEST_CASE("the outbox remembers over restarts, and is nobody else's to read") {
  Disk disk;
  {
    Database database(disk.file, disk.log);
    CHECK(database.is_durable());
    Outbox outbox(database);
    outbox.apply("ops", {{entry(1), entry(2)}, {}});
    outbox.apply("other", {{entry(1)}, {}});
    outbox.apply("ops", {{}, {1}});
  }
  struct stat info {};
  REQUIRE(::stat(disk.file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  Database database(disk.file, disk.log);
  Outbox outbox(database);
  const auto kept = outbox.load("ops");
  REQUIRE(kept.size() == 1);
  CHECK(kept[0].number == 2);
  CHECK(kept[0].ids == entry(2).ids);
  CHECK(kept[0].since == entry(2).since);
  CHECK(kept[0].notification.alerts.size() == 1);
  CHECK(outbox.receivers() == std::vector<std::string>{"ops", "other"});
  CHECK(outbox.forget("other") == std::vector<std::string>{"A-1", "another"});
  CHECK(outbox.receivers() == std::vector<std::string>{"ops"});
  CHECK(disk.lines.lines.empty());
}

TEST_CASE("a damaged file is moved aside, and told of once") {
  Disk disk;
  std::ofstream(disk.file) << std::string(8192, 'x');
  Database database(disk.file, disk.log);
  CHECK(database.is_durable());
  CHECK(std::filesystem::file_size(disk.file.native() + ".damaged") == 8192);
  Outbox outbox(database);
  outbox.apply("ops", {{entry(1)}, {}});
  CHECK(outbox.load("ops").size() == 1);
  CHECK(disk.lines.lines.size() == 1);
}

TEST_CASE("a link is not followed") {
  Disk disk;
  const auto other = disk.dir / "other";
  std::ofstream{other};
  std::filesystem::create_symlink(other, disk.file);
  Database database(disk.file, disk.log);
  CHECK(database.is_durable());
  CHECK(std::filesystem::is_empty(other));
  CHECK_FALSE(std::filesystem::is_symlink(disk.file));
  CHECK(disk.lines.lines.size() == 1);
}

TEST_CASE("links in the places of the files beside it are moved aside, and not followed") {
  for (const char* const suffix : {"-wal", "-shm", "-journal"}) {
    INFO(suffix);
    Disk disk;
    const auto other = disk.dir / "other";
    std::ofstream{other};
    std::filesystem::create_symlink(other, disk.file.native() + suffix);
    {
      Database database(disk.file, disk.log);
      CHECK(database.is_durable());
      Outbox outbox(database);
      outbox.apply("ops", {{entry(1)}, {}});
    }
    CHECK(std::filesystem::is_empty(other));
    CHECK(disk.lines.lines.size() == 1);
    Database database(disk.file, disk.log);
    CHECK(Outbox(database).load("ops").size() == 1);
    CHECK(disk.lines.lines.size() == 1);
  }
}

TEST_CASE("without a disk it works in memory, and says so once") {
  Disk disk;
  Database database(disk.dir / "missing" / "alerts.db", disk.log);
  CHECK_FALSE(database.is_durable());
  Outbox outbox(database);
  outbox.apply("ops", {{entry(1)}, {}});
  CHECK(outbox.load("ops").size() == 1);
  CHECK(disk.lines.lines.size() == 1);
}

TEST_CASE("a row that makes no sense is left out and deleted") {
  Disk disk;
  Database database(disk.file, disk.log);
  Outbox outbox(database);
  outbox.apply("ops", {{entry(1), entry(2)}, {}});
  REQUIRE(database.transact([](Database::Connection& connection) -> Result<void> {
    connection.exec("UPDATE outbox_entries SET notification='{' WHERE number=1");
    return {};
  }));
  CHECK(outbox.load("ops").size() == 1);
  CHECK(outbox.load("ops").size() == 1);
}

TEST_CASE("a transaction that fails leaves nothing, and is told once until one succeeds") {
  Disk disk;
  Database database(disk.file, disk.log);
  const auto fails = [&] {
    return database.transact([](Database::Connection& connection) -> Result<void> {
      connection.exec("CREATE TABLE half (x)");
      return fail(ErrorKind::ResourceExhausted, "the disk is full");
    });
  };
  CHECK_FALSE(fails());
  CHECK_FALSE(fails());
  CHECK(disk.lines.lines.size() == 1);
  CHECK(database.transact([](Database::Connection& connection) -> Result<void> {
    connection.exec("CREATE TABLE half (x)");
    return {};
  }));
  CHECK_FALSE(fails());
  CHECK(disk.lines.lines.size() == 2);
}
