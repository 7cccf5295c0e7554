// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/crash_store.hpp"

#include "supervisor/state/crash_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/temp_dir.hpp"

#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <mutex>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

std::string id(std::uint16_t number) {
  return make_crash_id(from_unix_ms(1'795'434'163'482), number);
}

CrashReportPtr crash_of(const std::string& program, std::uint16_t number, std::size_t bytes = 10) {
  CrashReport report;
  report.id = id(number);
  report.program = program;
  report.worker = program + ".0";
  report.incarnation = number;
  report.last_lines = {std::string(bytes, 'x')};
  return std::make_shared<const CrashReport>(std::move(report));
}

// Every call waits until the store has done what it was asked for before.
class Kept {
 public:
  explicit Kept(const fs::path& state_dir, CrashLimits limits = {})
      : store_(std::make_unique<CrashStore>(
            state_dir, limits,
            CrashStore::Hooks{[this](const std::string& message) { told.push_back(message); },
                              [this](const CrashCounters& counters) { counted = counters; }})) {}

  void keep(const CrashReportPtr& report) {
    store_->on_crash(report);
    settle();
  }
  std::optional<std::string> read(const std::string& wanted) {
    std::promise<std::optional<std::string>> answer;
    store_->read(wanted, [&](std::optional<std::string> text) { answer.set_value(text); });
    return answer.get_future().get();
  }
  void settle() { read("nothing"); }
  std::vector<std::string> ids(const CrashStore::Matches& matches = {}) {
    settle();
    std::vector<std::string> result;
    for (const CrashEntry& entry : store_->list(1000, matches))
      result.push_back(entry.id);
    return result;
  }
  CrashStore& store() { return *store_; }

  std::vector<std::string> told;
  CrashCounters counted;

 private:
  std::unique_ptr<CrashStore> store_;  // last: its thread calls the hooks
};

std::size_t files_in(const fs::path& directory) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(directory), fs::directory_iterator{}));
}

}  // namespace

TEST_CASE("a report is kept in a file of its own, for nobody else to read, over restarts") {
  const test::TempDir dir;
  {
    Kept kept(dir.path());
    CHECK(kept.ids().empty());
    CHECK_FALSE(fs::exists(dir / "crashes"));  // not before there is something to keep
    kept.keep(crash_of("api", 1));
    kept.keep(crash_of("queue", 2));
    CHECK(kept.ids() == std::vector<std::string>{id(2), id(1)});
    CHECK(kept.counted.kept == 2);
    struct stat info {};
    REQUIRE(::stat((dir / "crashes").c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0700);
    REQUIRE(::stat((dir / "crashes" / (id(1) + ".json")).c_str(), &info) == 0);
    CHECK((info.st_mode & 07777) == 0600);
  }
  Kept again(dir.path());
  CHECK(again.ids() == std::vector<std::string>{id(2), id(1)});
  CHECK(again.store().last_ids() ==
        std::map<std::string, std::string>{{"api.0", id(1)}, {"queue.0", id(2)}});
  const auto text = again.read(id(1));
  REQUIRE(text);
  CHECK(parse_crash(*text, id(1)));
  CHECK(again.told.empty());
}

TEST_CASE("only what some want is listed") {
  const test::TempDir dir;
  Kept kept(dir.path());
  kept.keep(crash_of("api", 1));
  kept.keep(crash_of("queue", 2));
  CHECK(kept.ids([](const CrashEntry& entry) { return entry.program == "api"; }) ==
        std::vector<std::string>{id(1)});
  CHECK(kept.store().list(1).size() == 1);
}

TEST_CASE("no id leads anywhere but to a report") {
  const test::TempDir dir;
  Kept kept(dir / "state");
  fs::create_directories(dir / "state");
  std::ofstream(dir / "secret.json") << "{}";
  kept.keep(crash_of("api", 1));
  for (const char* wanted : {"", ".", "..", "../..", "../../secret", "../secret.json",
                             "/etc/passwd", "%2e%2e", "latest"})
    CHECK_FALSE(kept.read(wanted));
  CHECK(kept.read(id(1)));
}

TEST_CASE("the oldest go first, by number") {
  const test::TempDir dir;
  Kept kept(dir.path(), {.reports = 3, .bytes = 1u << 20});
  for (std::uint16_t i = 1; i <= 5; ++i)
    kept.keep(crash_of("api", i));
  CHECK(kept.ids() == std::vector<std::string>{id(5), id(4), id(3)});
  CHECK(files_in(dir / "crashes") == 3);
  kept.store().configure({.reports = 1, .bytes = 1u << 20});
  CHECK(kept.ids() == std::vector<std::string>{id(5)});
  kept.store().configure({.reports = 0, .bytes = 1u << 20});
  kept.keep(crash_of("api", 6));
  CHECK(kept.ids().empty());
  CHECK(files_in(dir / "crashes") == 0);
}

TEST_CASE("the oldest go first, by size, and what was kept before counts") {
  const test::TempDir dir;
  {
    Kept kept(dir.path());
    for (std::uint16_t i = 1; i <= 4; ++i)
      kept.keep(crash_of("api", i, 30'000));
  }
  Kept kept(dir.path(), {.reports = 100, .bytes = 100'000});
  CHECK(kept.ids() == std::vector<std::string>{id(4), id(3), id(2)});
  kept.keep(crash_of("api", 5, 30'000));
  CHECK(kept.ids() == std::vector<std::string>{id(5), id(4), id(3)});
}

TEST_CASE("a program in a crash loop does not drive out the only report of another") {
  const test::TempDir dir;
  Kept kept(dir.path(), {.reports = 5, .bytes = 1u << 20});
  kept.keep(crash_of("quiet", 1));
  for (std::uint16_t i = 2; i <= 50; ++i)
    kept.keep(crash_of("looping", i));
  CHECK(kept.ids() == std::vector<std::string>{id(50), id(49), id(48), id(47), id(1)});
}

TEST_CASE("what is no report is left alone, and what was interrupted is removed") {
  const test::TempDir dir;
  { Kept(dir.path()).keep(crash_of("api", 1)); }
  const fs::path crashes = dir / "crashes";
  std::ofstream(crashes / "notes.txt") << "mine";
  std::ofstream(crashes / (id(2) + ".json")) << "{\"id\":";
  std::ofstream(crashes / (id(3) + ".json.new")) << "half";
  fs::create_symlink("/etc/passwd", crashes / (id(4) + ".json"));
  Kept kept(dir.path());
  CHECK(kept.ids() == std::vector<std::string>{id(1)});
  CHECK(fs::exists(crashes / "notes.txt"));
  CHECK_FALSE(fs::exists(crashes / (id(3) + ".json.new")));
  CHECK_FALSE(kept.read(id(2)));
  CHECK_FALSE(kept.read(id(4)));
}

TEST_CASE("a report whose file somebody has removed is gone from the list once it is asked for") {
  const test::TempDir dir;
  Kept kept(dir.path());
  kept.keep(crash_of("api", 1));
  fs::remove(dir / "crashes" / (id(1) + ".json"));
  CHECK_FALSE(kept.read(id(1)));
  CHECK(kept.ids().empty());
}

TEST_CASE("a link in the place of the directory is not followed, and that is told once") {
  const test::TempDir dir;
  fs::create_directories(dir / "elsewhere");
  fs::create_directories(dir / "state");
  fs::create_directory_symlink(dir / "elsewhere", dir / "state" / "crashes");
  Kept kept(dir / "state");
  kept.keep(crash_of("api", 1));
  kept.keep(crash_of("api", 2));
  CHECK(files_in(dir / "elsewhere") == 0);
  CHECK(kept.told.size() == 1);
  CHECK(kept.counted.failed == 2);
  CHECK(kept.ids() == std::vector<std::string>{id(2), id(1)});  // from memory
  CHECK(kept.read(id(1)));
}

TEST_CASE("a directory that others may write to is not used") {
  const test::TempDir dir;
  fs::create_directories(dir / "crashes");
  fs::permissions(dir / "crashes", fs::perms::all);
  Kept kept(dir.path());
  kept.keep(crash_of("api", 1));
  CHECK(files_in(dir / "crashes") == 0);
  REQUIRE(kept.told.size() == 1);
  CHECK_THAT(kept.told[0], Catch::Contains("must belong to the supervisor's user"));
}

TEST_CASE("without its directory the last few reports are in memory, and no more than that") {
  const test::TempDir dir;
  Kept kept(dir / "missing");
  for (std::uint16_t i = 1; i <= 100; ++i)
    kept.keep(crash_of("api", i));
  CHECK(kept.ids().size() == 20);
  CHECK(kept.ids().front() == id(100));
  CHECK(kept.told.size() == 1);
  fs::create_directories(dir / "missing");
  kept.keep(crash_of("api", 101));
  REQUIRE(kept.told.size() == 2);
  CHECK(kept.told[1] == "crash reports are written again");
  CHECK(fs::exists(dir / "missing/crashes" / (id(101) + ".json")));
}

TEST_CASE("a full disk costs the file, is told once, and leaves nothing half written") {
  const test::SmallDisk disk("size=256k");
  if (!disk.mounted()) return;
  Kept kept(disk.path());
  kept.keep(crash_of("api", 1));
  std::uint16_t next = 2;
  while (kept.counted.failed < 3 && next < 100)
    kept.keep(crash_of("api", next++, 20'000));
  CHECK(kept.counted.failed == 3);
  CHECK(kept.told.size() == 1);
  CHECK_THAT(kept.told[0], Catch::Contains("No space left"));
  for (const auto& file : fs::directory_iterator(disk.path() / "crashes")) {
    CHECK(file.path().extension() == ".json");
    CHECK(file.file_size() > 0);
  }
  CHECK(kept.read(id(static_cast<std::uint16_t>(next - 1))));  // from memory
}

TEST_CASE("stopped, it writes what it was given, and takes no more") {
  const test::TempDir dir;
  Kept kept(dir.path());
  kept.store().on_crash(crash_of("api", 1));
  kept.store().stop(SystemClock().mono() + 10s);
  CHECK(fs::exists(dir / "crashes" / (id(1) + ".json")));
  kept.store().on_crash(crash_of("api", 2));
  CHECK_FALSE(fs::exists(dir / "crashes" / (id(2) + ".json")));
}
