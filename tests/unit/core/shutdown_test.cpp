// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

std::vector<config::Program> stack() {
  config::Program queue = service("queue");
  queue.after = {"migrate"};
  queue.stop_timeout = 60s;
  config::Program api = service("api", 2);
  api.after = {"queue"};
  return {oneshot("migrate"), queue, api};
}

Stage running() {
  Stage stage(stack());
  stage.begin().exit("migrate.0", 0).all_ready().advance(1min).clear();
  return stage;
}

}  // namespace

TEST_CASE("shutdown drains first and stops dependants before what they depend on") {
  Stage stage = running();
  stage.send(ShutdownRequested{15});
  REQUIRE(stage.drains == 1);
  REQUIRE(stage.view().draining);
  REQUIRE_FALSE(stage.view().ready);
  REQUIRE(stage.message(EventKind::ShutdownBegan) ==
          "signal 15 (SIGTERM); 3 processes have 25s to stop");
  REQUIRE(stage.message(EventKind::ShutdownStage) == "stopping api");
  REQUIRE(stage.signals_to(stage.of("api.0")) == std::vector<int>{15, 18});
  REQUIRE(stage.signals_to(stage.of("queue.0")).empty());
  stage.exit("api.0", 0);
  REQUIRE(stage.signals_to(stage.of("queue.0")).empty());
  stage.exit("api.1", 0);
  REQUIRE(stage.signals_to(stage.of("queue.0")) == std::vector<int>{15, 18});
  REQUIRE(stage.finishes.empty());
  stage.advance(3s).exit("queue.0", 0);
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE(stage.finishes[0].exit_code == 0);
  REQUIRE(stage.message(EventKind::ShutdownDone) == "all processes have stopped after 3s");
}

TEST_CASE("a stage that overruns its budget is killed, the next goes on, and the exit code tells") {
  Stage stage = running();
  stage.send(ShutdownRequested{15}).exit("api.0", 0).advance(10s);
  REQUIRE(stage.signals_to(stage.of("api.1")) == std::vector<int>{15, 18, 9});
  stage.die("api.1", 9).exit("queue.0", 0);
  REQUIRE(stage.finishes[0].exit_code == 1);
}

TEST_CASE("at 25/30 of the deadline everything left is killed, at 28/30 it is over") {
  Stage stage = running();
  stage.send(ShutdownRequested{15}).exit("api.0", 0).exit("api.1", 0);
  stage.clear().advance(24'999ms);
  REQUIRE(stage.signals.empty());  // its own 60 s are cut to the fleet's 25
  stage.advance(1ms);
  REQUIRE(stage.signals_to(stage.of("queue.0")) == std::vector<int>{9});
  REQUIRE(stage.message(EventKind::ShutdownForced) ==
          "out of time after 25s: SIGKILL to queue.0 (incarnation 1)");
  stage.advance(2'999ms);
  REQUIRE(stage.finishes.empty());
  stage.advance(1ms);
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE(stage.finishes[0].exit_code == 1);
  REQUIRE(stage.message(EventKind::ShutdownDone) == "gave up on queue.0 (incarnation 1) after 28s");
  stage.clear().advance(1h);
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.finishes.size() == 1);
}

TEST_CASE("a stage that was never reached is killed without a stop signal at the end") {
  Stage stage = running();
  config::Program api = stack()[2];
  stage.send(ShutdownRequested{15}).advance(25s);  // api.0 and api.1 ignore even SIGKILL
  REQUIRE(stage.signals_to(stage.of("queue.0")) == std::vector<int>{9});
}

TEST_CASE("the deadline is computed once: being late or asked again does not move it") {
  Stage stage = running();
  stage.send(ShutdownRequested{15}).freeze(27s).send(Tick{});
  REQUIRE(stage.count(EventKind::LateLoop) == 1);
  REQUIRE(stage.signals_to(stage.of("queue.0")) == std::vector<int>{9});
  stage.advance(1s);
  REQUIRE(stage.finishes.size() == 1);
}

TEST_CASE("a second request: everything stops at once, SIGKILL after two seconds") {
  Stage stage = running();
  stage.send(ShutdownRequested{2}).advance(1s).send(ShutdownRequested{2});
  REQUIRE(stage.signals_to(stage.of("queue.0")) == std::vector<int>{15, 18});
  stage.advance(1'999ms);
  REQUIRE(stage.signals_to(stage.of("api.0")) == std::vector<int>{15, 18});
  stage.advance(1ms);
  REQUIRE(stage.signals_to(stage.of("api.0")) == std::vector<int>{15, 18, 9});
  REQUIRE(stage.signals_to(stage.of("queue.0")) == std::vector<int>{15, 18, 9});
  stage.send(ShutdownRequested{2});  // a third changes nothing
  stage.advance(3s);
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE(stage.finishes[0].exit_code == 1);
  REQUIRE(stage.drains == 1);
}

TEST_CASE("one request that arrives more than once, within a second, is one request") {
  for (const auto& after : {0ms, 5ms, 500ms, 999ms, 1000ms, 1001ms, 10'000ms}) {
    for (const auto& [first, second] :
         {std::pair(15, 15), std::pair(2, 2), std::pair(2, 15), std::pair(15, 3)}) {
      INFO(after.count() << " ms between " << first << " and " << second);
      Stage stage = running();
      stage.send(ShutdownRequested{first}).advance(after).send(ShutdownRequested{second});
      const bool forced = after >= 1s;
      CHECK(stage.count(EventKind::ShutdownForced) == (forced ? 1u : 0u));
      CHECK(stage.signals_to(stage.of("queue.0")).size() == (forced ? 2u : 0u));
      CHECK(stage.drains == 1);
      if (forced) continue;
      // It ends as if the second had not been sent, and can still be forced.
      stage.advance(1s).send(ShutdownRequested{second});
      CHECK(stage.count(EventKind::ShutdownForced) == 1);
    }
  }
}

TEST_CASE("a shutdown that was asked for twice at once goes through its stages") {
  Stage stage = running();
  stage.send(ShutdownRequested{15}).advance(5ms).send(ShutdownRequested{15}).advance(9s);
  REQUIRE(stage.signals_to(stage.of("api.0")) == std::vector<int>{15, 18});
  stage.exit("api.0", 0).exit("api.1", 0).advance(3s).exit("queue.0", 0);
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE(stage.finishes[0].exit_code == 0);
}

TEST_CASE("nothing starts once shutdown has begun") {
  Stage stage(
      {service("back"), service("loop"), service("queued", 9), service("dies"), service("dep")});
  stage.begin().exit("back.0", 1).ready("dies.0");
  for (int i = 0; i < 5; ++i)
    stage.exit("loop.0", 1).advance(i < 4 ? 5s : 0s);
  stage.clear().send(ShutdownRequested{});
  REQUIRE(stage.state("loop.0") == "stopped");
  stage.die("dies.0", 11).advance(20s);
  REQUIRE(stage.spawns.empty());
}

TEST_CASE("a worker that dies while it waits for its stage is not replaced") {
  Stage stage = running();
  stage.send(ShutdownRequested{}).die("queue.0", 11);
  REQUIRE(
      stage.message(EventKind::Crashed) ==
      "queue.0 (incarnation 1) died: signal 11 (SIGSEGV) after 1m; not restarted: shutting down");
  stage.exit("api.0", 0).exit("api.1", 0);
  REQUIRE(stage.finishes[0].exit_code == 0);  // nothing was forced
}

TEST_CASE("a program that is down already does not let its dependencies go too early") {
  config::Program b = service("b");
  b.after = {"a"};
  config::Program c = service("c");
  c.after = {"b"};
  Stage stage({service("a"), b, c});
  stage.begin().all_ready().command(CommandKind::Stop, "b").exit("b.0", 0).clear();
  stage.send(ShutdownRequested{});
  REQUIRE(stage.signals_to(stage.of("a.0")).empty());
  stage.exit("c.0", 0);
  REQUIRE(stage.signals_to(stage.of("a.0")).size() == 2);
}

TEST_CASE("a process whose spawn was in flight is stopped once it is spawned") {
  Stage stage({service("a")});
  stage.auto_spawn = false;
  stage.begin().send(ShutdownRequested{});
  REQUIRE(stage.finishes.empty());
  SECTION("in time") {
    stage.send(Spawned{stage.of("a.0"), 5});
    REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{15, 18});
    stage.exit("a.0", 0);
    REQUIRE(stage.finishes[0].exit_code == 0);
  }
  SECTION("after the kill point") {
    stage.advance(26s).send(Spawned{stage.of("a.0"), 5});
    REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{9});
    stage.die("a.0", 9);
    REQUIRE(stage.finishes[0].exit_code == 1);
  }
  SECTION("never") {
    stage.send(SpawnFailed{stage.of("a.0"), "fork", EAGAIN});
    REQUIRE(stage.finishes[0].exit_code == 0);
  }
}

TEST_CASE("commands and reloads are refused, and a roll gets its answer") {
  Stage stage = running();
  stage.command(CommandKind::Restart, "api").send(ShutdownRequested{});
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == "rolling restart of api aborted: shutting down");
  stage.command(CommandKind::Start, "api").reload({});
  REQUIRE(stage.replies.size() == 3);
  REQUIRE(stage.replies[1].message == "refused: shutting down");
  REQUIRE_FALSE(stage.replies[2].ok);
  REQUIRE(stage.state("queue.0") == "ready");
  stage.advance(30s).command(CommandKind::Stop, "api");  // after Finish too
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE_FALSE(stage.replies.back().ok);
  REQUIRE(stage.replies.size() == 4);
}

TEST_CASE("with nothing running it is over at once") {
  Stage empty({});
  empty.begin().send(ShutdownRequested{});
  REQUIRE(empty.finishes.size() == 1);
  REQUIRE(empty.finishes[0].exit_code == 0);
  Stage loop({service("a")});
  loop.begin().exit("a.0", 1).send(ShutdownRequested{});
  REQUIRE(loop.finishes.size() == 1);
}

TEST_CASE("a deadline of zero kills and leaves at once") {
  config::Supervisor supervisor;
  supervisor.shutdown_deadline = 0s;
  Stage stage({service("a")}, supervisor);
  stage.begin().all_ready().send(ShutdownRequested{});
  REQUIRE(stage.signals.back().signal == 9);
  REQUIRE(stage.finishes[0].exit_code == 1);
}
