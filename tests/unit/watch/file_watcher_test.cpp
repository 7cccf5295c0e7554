// SPDX-License-Identifier: Apache-2.0
#include "supervisor/watch/file_watcher.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/watch/support.hpp"

#include <mutex>
#include <set>

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::supervisor;

namespace {

struct Stage {
  std::mutex mutex;
  std::set<std::string> files;
  WatchStates states;
  int told = 0;
  watch::FileWatcher watcher{{},
                             [this](const std::string& program, const std::string& file) {
                               const std::lock_guard lock(mutex);
                               files.insert(program + ": " + file);
                             },
                             [this](WatchStates now) {
                               const std::lock_guard lock(mutex);
                               states = std::move(now);
                               ++told;
                             }};

  void watch(const std::string& program, const std::filesystem::path& directory) {
    config::Program config;
    config.name = program;
    config.directory = directory;
    config.watch = {"**"};
    watcher.watch(watch::interests_of(config, "/"));
  }
  int times_told() {
    const std::lock_guard lock(mutex);
    return told;
  }
  bool heard(const std::string& file) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return files.contains(file);
    });
  }
  bool active(const std::string& program, std::size_t directories) {
    return wait_until([&] {
      const std::lock_guard lock(mutex);
      return states[program].active && states[program].directories == directories;
    });
  }
};

}  // namespace

TEST_CASE("the file watcher tells what it watches, and what changes there") {
  TempDir dir;
  write(dir / "sub/a.js");
  Stage stage;
  stage.watch("web", dir.path());
  REQUIRE(stage.active("web", 2));
  write(dir / "sub/a.js", "new");
  CHECK(stage.heard("web: sub/a.js"));
}

TEST_CASE("the file watcher watches something else when it is told to, and nothing at the end") {
  TempDir one;
  TempDir other;
  Stage stage;
  stage.watch("web", one.path());
  REQUIRE(stage.active("web", 1));
  stage.watch("api", other.path());
  REQUIRE(stage.active("api", 1));
  write(one / "a.js");
  write(other / "b.js");
  REQUIRE(stage.heard("api: b.js"));
  stage.watcher.watch({});
  const std::lock_guard lock(stage.mutex);
  CHECK(stage.states.empty());
  CHECK_FALSE(stage.files.contains("web: a.js"));
}

TEST_CASE("the file watcher leaves its thread alone if nothing else is to be watched") {
  TempDir dir;
  Stage stage;
  stage.watch("web", dir.path());
  REQUIRE(stage.active("web", 1));
  const int before = stage.times_told();
  stage.watch("web", dir.path());
  write(dir / "a.js");
  REQUIRE(stage.heard("web: a.js"));
  CHECK(stage.times_told() == before);
}

TEST_CASE("the file watcher finds a directory that appears later") {
  TempDir dir;
  Stage stage;
  stage.watch("web", dir / "late");
  REQUIRE(wait_until([&] {
    const std::lock_guard lock(stage.mutex);
    return !stage.states["web"].problem.empty();
  }));
  write(dir / "late/a.js");
  CHECK(stage.heard("web: a.js"));
  REQUIRE(stage.active("web", 1));
  const std::lock_guard lock(stage.mutex);
  CHECK(stage.states["web"].problem.empty());
}
