// SPDX-License-Identifier: Apache-2.0
// Restarts because watched files have changed.
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program watching(std::string name = "web", std::uint32_t replicas = 1) {
  config::Program program = service(std::move(name), replicas);
  program.watch = {"**"};
  return program;
}

Stage& change(Stage& stage, const std::string& file = "a.js", const std::string& program = "web") {
  return stage.send(FilesChanged{program, file});
}

std::vector<std::string> spawned(const Stage& stage) {
  std::vector<std::string> names;
  for (const Spawn& spawn : stage.spawns)
    names.push_back(spawn.program->name);
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("files: a change restarts the program as a command would, once nothing more changes") {
  Stage stage({watching()});
  stage.begin().all_ready().clear();
  change(stage, "src/a.js").advance(299ms);
  CHECK(stage.spawns.empty());
  stage.advance(1ms);
  REQUIRE(stage.spawns.size() == 1);
  CHECK(stage.program("web").ready == 1);  // the old one serves on
  CHECK(stage.message(EventKind::FilesChanged) == "web: src/a.js has changed: restarting web");
  stage.ready("web.0");
  CHECK(stage.signals_to(stage.retiring("web.0")).front() == SIGTERM);
  stage.retiring_exit("web.0").advance(1h);
  CHECK(stage.spawns.size() == 1);
  CHECK(stage.replies.empty());
  const auto changed = stage.program("web").changed;
  REQUIRE(changed);
  CHECK(changed->count == 1);
  CHECK(changed->file == "src/a.js");
}

TEST_CASE("files: when many change, one restart follows, and the first is named") {
  Stage stage({watching()});
  stage.begin().all_ready().clear();
  change(stage, "a.js").advance(200ms);
  change(stage, "b.js").advance(200ms);
  change(stage, "a.js").advance(299ms);
  CHECK(stage.spawns.empty());
  stage.advance(1ms);
  CHECK(stage.spawns.size() == 1);
  CHECK(stage.message(EventKind::FilesChanged) ==
        "web: a.js and 1 more file have changed: restarting web");
}

TEST_CASE("files: those that never settle are taken up after ten times the delay") {
  Stage stage({watching()});
  stage.begin().all_ready().clear();
  for (int i = 0; i < 30; ++i) {
    REQUIRE(stage.spawns.empty());
    change(stage).advance(100ms);
  }
  CHECK(stage.spawns.size() == 1);
}

TEST_CASE("files: what does not watch, does not run or runs at times is not restarted") {
  config::Program nightly = oneshot("nightly");
  nightly.schedule = "0 3 * * *";
  nightly.required = false;
  nightly.watch = {"**"};
  config::Program dormant = watching("dormant");
  dormant.autostart = false;
  Stage stage({service("plain"), nightly, dormant, watching("stopped"),
               after(watching("waiting"), {"slow"}), service("slow"), watching("none", 0)});
  stage.begin().ready("plain.0").ready("stopped.0");
  stage.command(CommandKind::Stop, "stopped").exit("stopped.0", 0).clear();
  for (const char* name : {"plain", "nightly", "dormant", "stopped", "waiting", "none", "nobody"})
    change(stage, "a.js", name);
  stage.advance(1min);
  CHECK(stage.spawns.empty());
  CHECK(stage.count(EventKind::FilesChanged) == 0);
  CHECK(stage.state("stopped.0") == "stopped");
}

TEST_CASE("files: of a program's workers, those that a command has stopped stay stopped") {
  Stage stage({watching("web", 2)});
  stage.begin().all_ready();
  stage.command(CommandKind::Stop, "web.1").exit("web.1", 0).clear();
  change(stage).advance(300ms).all_ready().advance(1min);
  CHECK(stage.spawns.size() == 1);
  CHECK(stage.state("web.1") == "stopped");
}

TEST_CASE("files: a program that is down for a failure is started at once") {
  config::Program program = watching();
  program.backoff_base = 10s;
  program.crash_loop_exits = 2;
  struct Row {
    const char* state;
    int exits;
    int code;
  };
  const Row row =
      GENERATE(values<Row>({{"backoff", 1, 1}, {"crash_loop", 2, 1}, {"failed", 1, 78}}));
  CAPTURE(row.state);
  Stage stage({program});
  stage.begin();
  for (int i = 0; i < row.exits; ++i) {
    if (i > 0) stage.advance(10s);
    stage.exit("web.0", row.code);
  }
  REQUIRE(stage.state("web.0") == row.state);
  stage.clear();
  change(stage).advance(300ms);
  REQUIRE(stage.spawns.size() == 1);
  stage.ready("web.0");
  CHECK(stage.state("web.0") == "ready");
}

TEST_CASE("files: a start that hangs is given up for the next change, however it replaces") {
  config::Program program = watching();
  program.replace = GENERATE(config::Replace::Overlap, config::Replace::StopFirst);
  CAPTURE(static_cast<int>(program.replace));
  Stage stage({program});
  stage.begin().all_ready().clear();
  change(stage, "broken.js").advance(300ms);
  const bool overlap = program.replace == config::Replace::Overlap;
  if (!overlap) stage.exit("web.0", 0);
  REQUIRE(stage.spawns.size() == 1);
  const ProcessId hanging = stage.spawns[0].process;
  stage.advance(1s).clear();
  change(stage, "mended.js").advance(300ms);
  CHECK(stage.signals_to(hanging).front() == SIGTERM);
  CHECK(stage.count(EventKind::RollingSuperseded) == 1);
  if (overlap) CHECK(stage.state("web.0") == "ready");
  CHECK(stage.spawns.empty());
  stage.send(Exited{hanging, {true, SIGTERM, false}});
  REQUIRE(stage.spawns.size() == 1);
  stage.ready("web.0");
  if (overlap) stage.retiring_exit("web.0");
  stage.advance(1min);
  CHECK(stage.spawns.size() == 1);
  CHECK(stage.state("web.0") == "ready");
  CHECK_FALSE(stage.program("web").rolling);
}

TEST_CASE("files: a change while a process is asked for, and not there yet") {
  Stage stage({watching()});
  stage.begin().all_ready().clear();
  stage.auto_spawn = false;
  change(stage, "a.js").advance(300ms);
  REQUIRE(stage.spawns.size() == 1);
  change(stage, "b.js").advance(300ms);
  const ProcessId first = stage.spawns[0].process;
  CHECK(stage.state("web.0") == "ready");
  stage.send(Spawned{first, 7});
  CHECK(stage.signals_to(first).front() == SIGTERM);
  stage.send(Exited{first, {true, SIGTERM, false}});
  REQUIRE(stage.spawns.size() == 2);
  stage.send(Spawned{stage.spawns[1].process, 8}).ready("web.0").retiring_exit("web.0");
  CHECK(stage.state("web.0") == "ready");
}

TEST_CASE("files: a command's restart is ended for newer files, and told so") {
  Stage stage({watching("web", 2)});
  stage.begin().all_ready().clear();
  stage.command(CommandKind::Restart, "web");
  change(stage).advance(300ms);
  REQUIRE(stage.replies.size() == 1);
  CHECK_FALSE(stage.replies[0].ok);
  CHECK(stage.replies[0].message ==
        "rolling restart of web ended: its files have changed, and it is restarted for that");
}

TEST_CASE("files: a reload is not disturbed; what has changed meanwhile follows it") {
  config::Program program = watching();
  Stage stage({program});
  stage.begin().all_ready().clear();
  program.command = {"/bin/other"};
  stage.reload({program});
  REQUIRE(stage.spawns.size() == 1);
  change(stage).advance(10s);
  CHECK(stage.spawns.size() == 1);
  stage.ready("web.0").retiring_exit("web.0");
  REQUIRE(stage.replies.size() == 1);
  CHECK(stage.replies[0].ok);
  CHECK(stage.spawns.size() == 2);
}

TEST_CASE("files: what comes after the program is restarted too, if it says so, each in its turn") {
  config::Program build = oneshot("build");
  build.watch = {"src"};
  build.watch_dependants = true;
  Stage stage(
      {build, after(service("api"), {"build"}), after(service("web"), {"api"}), service("other")});
  stage.begin().exit("build.0", 0).all_ready().clear();
  change(stage, "src/a.ts", "build").advance(300ms);
  CHECK(stage.message(EventKind::FilesChanged) ==
        "build: src/a.ts has changed: restarting build, then api, then web");
  CHECK(spawned(stage) == Names{"build"});
  SECTION("all goes well") {
    stage.exit("build.0", 0);
    CHECK(spawned(stage) == Names{"build", "api"});
    stage.ready("api.0").retiring_exit("api.0");
    CHECK(spawned(stage) == Names{"build", "api", "web"});
    stage.ready("web.0").retiring_exit("web.0");
    CHECK(stage.view().ready);
  }
  SECTION("a build that fails leaves them as they are") {
    stage.exit("build.0", 1).advance(1s);
    CHECK(stage.state("api.0") == "ready");
    for (const Spawn& spawn : stage.spawns)
      CHECK(spawn.program->name == "build");
  }
  SECTION("a change in the middle begins anew") {
    stage.exit("build.0", 0).clear();
    change(stage, "src/b.ts", "build").advance(300ms);
    CHECK(stage.count(EventKind::RollingSuperseded) == 1);  // api's
    CHECK(spawned(stage) == Names{"build"});
    stage.exit("build.0", 0);
    CHECK(stage.state("api.0") == "ready");
  }
}

TEST_CASE("files: without watch_dependants nobody else is restarted") {
  Stage stage({watching("build"), after(service("api"), {"build"})});
  stage.begin().all_ready().clear();
  change(stage, "a", "build").advance(300ms).all_ready().advance(1min);
  CHECK(spawned(stage) == Names{"build"});
}

TEST_CASE("files: a reload that ends the watch forgets what has changed") {
  config::Program program = watching();
  Stage stage({program});
  stage.begin().all_ready().clear();
  change(stage).advance(100ms);
  program.watch.clear();
  stage.reload({program}).advance(1min);
  CHECK(stage.spawns.empty());
}

TEST_CASE("files: nothing is restarted in a shutdown") {
  Stage stage({watching()});
  stage.begin().all_ready().clear();
  change(stage).send(ShutdownRequested{}).advance(1s);
  change(stage).advance(1s);
  CHECK(stage.spawns.empty());
}

TEST_CASE("files: one that is changed again and again gets a hint that the program may write it") {
  Stage stage({watching()});
  stage.begin().all_ready();
  for (int i = 1; i <= 5; ++i) {
    stage.clear();
    change(stage, "data.json").advance(1s).ready("web.0").retiring_exit("web.0");
    const bool hint =
        stage.message(EventKind::FilesChanged).find("watch_ignore") != std::string::npos;
    CHECK(hint == (i == 5));
  }
  stage.clear();
  change(stage, "other.js").advance(1s);
  CHECK(stage.message(EventKind::FilesChanged).find("watch_ignore") == std::string::npos);
}
