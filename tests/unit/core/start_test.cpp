// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

std::vector<config::Program> stack() {
  config::Program queue = service("queue-worker");
  queue.after = {"migrate"};
  config::Program api = service("api-worker", 2);
  api.after = {"queue-worker"};
  return {api, queue, oneshot("migrate")};
}

}  // namespace

TEST_CASE("programs start after what they depend on is ready, not merely running") {
  Stage stage(stack());
  stage.begin();
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.state("migrate.0") == "starting");
  REQUIRE(stage.slot("queue-worker.0").status == "waiting for migrate");
  stage.advance(10s);
  REQUIRE(stage.spawns.size() == 1);

  stage.exit("migrate.0", 0);
  REQUIRE(stage.state("migrate.0") == "done");
  REQUIRE(stage.state("queue-worker.0") == "starting");
  REQUIRE(stage.state("api-worker.0") == "stopped");

  stage.ready("queue-worker.0");
  REQUIRE(stage.state("api-worker.0") == "starting");
  REQUIRE(stage.state("api-worker.1") == "starting");
  REQUIRE_FALSE(stage.view().ready);
  stage.ready("api-worker.0");
  REQUIRE(stage.view().ready);  // min_ready is 1
}

TEST_CASE("incarnations count from 1 in each slot and ids are never 0") {
  Stage stage({service("a", 2)});
  stage.begin();
  REQUIRE(stage.spawns.size() == 2);
  REQUIRE(stage.spawns[0].process.incarnation == 1);
  REQUIRE(stage.spawns[1].process.incarnation == 1);
  REQUIRE(stage.spawns[0].process.slot.program != 0);
  REQUIRE(stage.spawns[0].predecessor.empty());
}

TEST_CASE("ready = started is ready as soon as it runs") {
  config::Program program = service("nginx");
  program.ready = config::ReadyKind::Started;
  Stage stage({program});
  stage.auto_spawn = false;
  stage.begin();
  REQUIRE(stage.state("nginx.0") == "starting");
  stage.send(Spawned{stage.of("nginx.0"), 42});
  REQUIRE(stage.state("nginx.0") == "ready");
  REQUIRE(stage.slot("nginx.0").pid == 42);
}

TEST_CASE("READY=1 that overtakes the news of the spawn counts") {
  Stage stage({service("a")});
  stage.auto_spawn = false;
  stage.begin();
  stage.ready("a.0");
  REQUIRE(stage.state("a.0") == "starting");
  stage.send(Spawned{stage.of("a.0"), 42});
  REQUIRE(stage.state("a.0") == "ready");
}

TEST_CASE("no more than max_starting start at a time, first come first served") {
  config::Supervisor supervisor;
  supervisor.max_starting = 2;
  Stage stage({service("a", 5)}, supervisor);
  stage.begin();
  REQUIRE(stage.spawns.size() == 2);
  REQUIRE(stage.slot("a.2").status == "waiting in the start queue");
  stage.ready("a.1");
  REQUIRE(stage.spawns.size() == 3);
  REQUIRE(stage.state("a.2") == "starting");
  stage.all_ready();
  REQUIRE(stage.program("a").ready == 5);
}

TEST_CASE("a program that never becomes ready leaves a place for a healthy one's restart") {
  config::Program bad = service("bad", 4);
  bad.stop_timeout = 1s;
  Stage stage({bad, service("good")});
  stage.begin();
  for (int i = 0; i < 4; ++i)
    stage.exit("bad." + std::to_string(i), 1);
  stage.ready("good.0");
  stage.advance(30s);  // the bad ones are starting again, three at a time
  std::size_t starting = 0;
  for (const SlotView& slot : stage.program("bad").slots) {
    if (slot.state == SlotState::Starting) ++starting;
  }
  REQUIRE(starting == 3);
  stage.die("good.0", 9);
  REQUIRE(stage.state("good.0") == "starting");
}

TEST_CASE("a oneshot that runs for long occupies no place and is not killed by the ready timeout") {
  config::Supervisor supervisor;
  supervisor.max_starting = 1;
  Stage stage({oneshot("migrate"), service("a")}, supervisor);
  stage.begin();
  REQUIRE(stage.state("a.0") == "starting");
  stage.ready("a.0").advance(10min);
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.message(EventKind::ReadyTimeout) ==
          "migrate.0 (incarnation 1) is still running after 1m");
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 1);
}

TEST_CASE("a oneshot that fails is retried with the same back-off, and its dependants wait") {
  config::Program api = service("api");
  api.after = {"migrate"};
  Stage stage({oneshot("migrate"), api});
  stage.begin().exit("migrate.0", 1);
  REQUIRE(stage.state("migrate.0") == "backoff");
  REQUIRE(stage.state("api.0") == "stopped");
  stage.advance(250ms);
  REQUIRE(stage.slot("migrate.0").incarnation == 2);
  stage.exit("migrate.0", 0);
  REQUIRE(stage.state("api.0") == "starting");
}

TEST_CASE("a dependency that is lost later stops nobody, and restarts do not wait for it") {
  Stage stage(stack());
  stage.begin().exit("migrate.0", 0).all_ready().clear();
  stage.exit("queue-worker.0", 1);
  REQUIRE(stage.signals.empty());
  stage.die("api-worker.0", 9).advance(250ms);
  REQUIRE(stage.state("api-worker.0") == "starting");
}

TEST_CASE("not ready in time: stopped, and counted as a failure") {
  config::Program program = service("a");
  program.ready_timeout = 5s;
  Stage stage({program});
  stage.begin().advance(4999ms);
  REQUIRE(stage.signals.empty());
  stage.advance(1ms);
  REQUIRE_THAT(
      stage.message(EventKind::ReadyTimeout),
      Catch::StartsWith("a.0 (incarnation 1) was not ready within 5s: it sent no READY=1"));
  REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{15, 18});
  stage.ready("a.0");  // too late
  REQUIRE(stage.state("a.0") == "stopping");
  stage.die("a.0", 15);
  REQUIRE(stage.state("a.0") == "backoff");
  REQUIRE(stage.message(EventKind::Backoff) ==
          "a.0 (incarnation 1) ended before becoming ready: signal 15 (SIGTERM) after 5s; next "
          "start in 250ms");
}

TEST_CASE("a failed spawn is a failure with back-off that names step and error") {
  Stage stage({service("a")});
  stage.auto_spawn = false;
  stage.begin();
  for (int i = 0; i < 4; ++i) {
    REQUIRE(stage.state("a.0") == "starting");
    stage.send(SpawnFailed{stage.of("a.0"), "fork", EAGAIN});
    REQUIRE(stage.state("a.0") == "backoff");  // never a spin
    stage.advance(30s);
  }
  REQUIRE(stage.slot("a.0").last_error == "fork: Resource temporarily unavailable");
  REQUIRE(stage.message(EventKind::SpawnFailed) ==
          "a.0 (incarnation 1) could not be started: fork: Resource temporarily unavailable; next "
          "start in 250ms");
  stage.send(SpawnFailed{stage.of("a.0"), "exec", ENOENT});
  REQUIRE(stage.state("a.0") == "crash_loop");
}

TEST_CASE("restarts jump the queue: what had been ready never waits for first starts") {
  config::Supervisor supervisor;
  supervisor.max_starting = 2;
  config::Program slow = service("slow", 0);
  slow.required = false;
  Stage stage({service("api", 3), slow}, supervisor);
  stage.begin().all_ready().advance(1min).command(CommandKind::Scale, "slow", 4).clear();
  stage.die("api.0", 9);
  REQUIRE(stage.state("api.0") == "starting");
  SECTION("but not all at a time") {
    stage.die("api.1", 9).die("api.2", 9);
    REQUIRE(stage.state("api.1") == "starting");
    REQUIRE(stage.state("api.2") == "backoff");
    stage.ready("api.0");
    REQUIRE(stage.state("api.2") == "starting");
  }
  SECTION("a restart that fails before it is ready is no longer one") {
    stage.exit("api.0", 1).advance(1s);
    REQUIRE(stage.state("api.0") == "backoff");
    REQUIRE(stage.slot("api.0").status == "waiting in the start queue");
  }
}

TEST_CASE("restarts jump the queue: required programs come before optional ones") {
  config::Supervisor supervisor;
  supervisor.max_starting = 1;
  config::Program optional = service("optional", 2);
  optional.required = false;
  Stage stage({optional, service("required")}, supervisor);
  stage.begin();
  REQUIRE(stage.state("required.0") == "starting");
  stage.all_ready().advance(1min);
  stage.die("optional.0", 9).die("optional.1", 9).die("required.0", 9);
  stage.ready("optional.0");
  REQUIRE(stage.state("required.0") == "starting");
}

TEST_CASE("autostart: without it a program waits for a command, and nobody misses it") {
  config::Program tool = service("tool", 2);
  tool.autostart = false;
  config::Program needs = service("needs");
  needs.required = false;
  needs.after = {"tool"};
  Stage stage({service("web"), tool, needs});
  stage.begin().all_ready();
  REQUIRE(stage.view().ready);  // though `tool` is required
  REQUIRE(stage.program("tool").dormant);
  REQUIRE(stage.state("tool.0") == "stopped");
  REQUIRE_FALSE(stage.slot("tool.0").stopped_by_hand);
  REQUIRE(stage.slot("tool.0").status == "autostart is off: 'holdfast start tool' starts it");
  REQUIRE(stage.slot("needs.0").status == "waiting for tool");

  stage.clear().command(CommandKind::Start, "needs");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].message ==
          "needs.0 waits for tool, which is not started (autostart is off)");

  stage.command(CommandKind::Start, "tool");
  REQUIRE_FALSE(stage.program("tool").dormant);
  REQUIRE_FALSE(stage.view().ready);  // from then on it counts
  stage.all_ready().all_ready();
  REQUIRE(stage.view().ready);
  REQUIRE(stage.state("needs.0") == "ready");

  stage.command(CommandKind::Stop, "tool");
  stage.exit("tool.0", 0).exit("tool.1", 0);
  REQUIRE(stage.program("tool").dormant);
  REQUIRE(stage.view().ready);
  stage.command(CommandKind::Start, "tool.1").ready("tool.1");
  REQUIRE(stage.state("tool.1") == "ready");
  REQUIRE(stage.state("tool.0") == "stopped");
}

TEST_CASE("autostart: one that has none is not hopeless, and does not hold up a shutdown") {
  config::Program tool = service("tool");
  tool.autostart = false;
  config::Supervisor supervisor;
  supervisor.on_hopeless = "exit";
  Stage stage({tool}, supervisor);
  stage.begin().advance(1h);
  REQUIRE(stage.count(EventKind::Hopeless) == 0);
  REQUIRE(stage.spawns.empty());
  stage.send(ShutdownRequested{15});
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE(stage.finishes[0].exit_code == 0);
}
