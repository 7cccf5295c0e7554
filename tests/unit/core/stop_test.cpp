// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

TEST_CASE("stop: the signal and CONT to the group, KILL to the group when the budget is spent") {
  config::Program program = service("a");
  program.stop_signal = 2;
  program.stop_timeout = 3s;
  Stage stage({program});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a");
  const ProcessId process = stage.of("a.0");
  REQUIRE(stage.signals_to(process) == std::vector<int>{2, 18});
  REQUIRE(stage.signals[0].group);
  stage.advance(2999ms);
  REQUIRE(stage.signals.size() == 2);
  stage.advance(1ms);
  REQUIRE(stage.signals_to(process) == std::vector<int>{2, 18, 9});
  REQUIRE(stage.signals[2].group);
  REQUIRE(stage.message(EventKind::ForcedKill) ==
          "a.0 (incarnation 1) did not stop within 3s: SIGKILL");
  stage.die("a.0", 9);
  REQUIRE(stage.state("a.0") == "stopped");
  stage.advance(1h);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.signals.size() == 3);
}

TEST_CASE("stop_scope main: the signals go to the process alone, KILL to the group") {
  config::Program program = service("a");
  program.stop_scope = config::StopScope::Main;
  Stage stage({program});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a").advance(10s);
  REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{15, 18, 9});
  REQUIRE_FALSE(stage.signals[0].group);
  REQUIRE_FALSE(stage.signals[1].group);
  REQUIRE(stage.signals[2].group);
}

TEST_CASE("leftovers of a stop get the stop signal and what is left of the stop timeout") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a").advance(4s).clear();
  const ProcessId process = stage.of("a.0");
  stage.send(Exited{process, ExitStatus{}, 2});
  REQUIRE(stage.message(EventKind::Leftovers) ==
          "a.0 (incarnation 1) has exited and left 2 processes behind: stopping them, SIGKILL in "
          "6s");
  REQUIRE(stage.signals_to(process) == std::vector<int>{15, 18});
  REQUIRE(stage.state("a.0") == "stopping");
  REQUIRE(stage.slot("a.0").left == 2);
  REQUIRE(stage.slot("a.0").pid == 0);
  SECTION("they end") {
    stage.advance(5s).send(LeftoversGone{process});
    REQUIRE(stage.signals.size() == 2);
  }
  SECTION("they do not") {
    stage.advance(6s);
    REQUIRE(stage.signals_to(process) == std::vector<int>{15, 18, 9});
    stage.send(LeftoversGone{process});
  }
  REQUIRE(stage.state("a.0") == "stopped");
  REQUIRE(stage.slot("a.0").left == 0);
}

TEST_CASE("leftovers of a crash are stopped before its successor starts") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").advance(20s).clear();
  const ProcessId process = stage.of("a.0");
  stage.send(Exited{process, ExitStatus{true, 11, false}, 1});
  REQUIRE(stage.signals_to(process) == std::vector<int>{15, 18});
  REQUIRE(stage.spawns.empty());
  stage.advance(10s);
  REQUIRE(stage.signals_to(process) == std::vector<int>{15, 18, 9});
  stage.send(LeftoversGone{process});
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.message(EventKind::Crashed) ==
          "a.0 (incarnation 1) died: signal 11 (SIGSEGV) after 20s; restarting immediately");
}

TEST_CASE("leftovers of a process that was killed are killed at once") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a").advance(10s).clear();
  stage.send(Exited{stage.of("a.0"), ExitStatus{true, 9, false}, 1});
  REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{9});
}

TEST_CASE("a shutdown waits for leftovers") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").send(ShutdownRequested{});
  const ProcessId process = stage.of("a.0");
  stage.send(Exited{process, ExitStatus{}, 1});
  REQUIRE(stage.finishes.empty());
  stage.send(LeftoversGone{process});
  REQUIRE(stage.finishes.size() == 1);
  REQUIRE(stage.finishes[0].exit_code == 0);
}

TEST_CASE("a stop that took most of its budget is reported") {
  Stage stage({service("a"), service("b")});
  stage.begin().all_ready().command(CommandKind::Stop, "a").command(CommandKind::Stop, "b");
  stage.advance(7s).exit("a.0", 0).advance(2s).exit("b.0", 0);
  REQUIRE(stage.count(EventKind::SlowStop) == 1);
  REQUIRE(stage.message(EventKind::SlowStop) == "b.0 (incarnation 1) took 9s of its 10s to stop");
}

TEST_CASE("respawn while stopping: stop works at once in every state, nothing starts afterwards") {
  Stage stage({service("a")});
  stage.begin();
  const auto stays_stopped = [&] {
    REQUIRE(stage.state("a.0") == "stopped");
    const auto starts = stage.slot("a.0").starts;
    stage.advance(10min);
    REQUIRE(stage.slot("a.0").starts == starts);
    REQUIRE(stage.state("a.0") == "stopped");
  };
  SECTION("backoff") {
    stage.exit("a.0", 1).command(CommandKind::Stop, "a");
    stays_stopped();
  }
  SECTION("crash loop") {
    for (int i = 0; i < 5; ++i)
      stage.exit("a.0", 1).advance(i < 4 ? 5s : 0s);
    REQUIRE(stage.state("a.0") == "crash_loop");
    stage.command(CommandKind::Stop, "a");
    stays_stopped();
  }
  SECTION("failed") {
    stage.exit("a.0", 78).command(CommandKind::Stop, "a");
    stays_stopped();
  }
  SECTION("starting") {
    stage.command(CommandKind::Stop, "a");
    REQUIRE(stage.signals.size() == 2);
    stage.exit("a.0", 1);
    stays_stopped();
  }
  SECTION("being stopped because it was not ready in time") {
    stage.advance(60s).command(CommandKind::Stop, "a");
    REQUIRE(stage.signals.size() == 2);  // no second signal
    stage.exit("a.0", 1);
    stays_stopped();
  }
}

TEST_CASE("a stop while the spawn is in flight signals the process once it is spawned") {
  Stage stage({service("a")});
  stage.auto_spawn = false;
  stage.begin().command(CommandKind::Stop, "a");
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.state("a.0") == "stopping");
  SECTION("it came") {
    stage.send(Spawned{stage.of("a.0"), 5});
    REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{15, 18});
    stage.die("a.0", 15);
  }
  SECTION("it did not") {
    stage.send(SpawnFailed{stage.of("a.0"), "exec", ENOENT});
  }
  REQUIRE(stage.state("a.0") == "stopped");
  stage.advance(1h);
  REQUIRE(stage.spawns.size() == 1);
}

TEST_CASE("a stop while waiting for a dependency or a place holds") {
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({service("a"), b});
  stage.begin().command(CommandKind::Stop, "b").ready("a.0");
  REQUIRE(stage.state("b.0") == "stopped");
  REQUIRE(stage.spawns.size() == 1);
  stage.command(CommandKind::Start, "b");
  REQUIRE(stage.state("b.0") == "starting");
}

TEST_CASE("start while stopping: the new process comes when the old one has gone") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a").command(CommandKind::Start, "a");
  REQUIRE(stage.spawns.size() == 1);
  stage.exit("a.0", 0);
  REQUIRE(stage.state("a.0") == "starting");
  REQUIRE(stage.slot("a.0").incarnation == 2);
}

TEST_CASE("STOPPING=1 unasked: no longer ready, gets its stop budget, its end is unplanned") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").advance(20s).clear();
  stage.send(Notified{stage.of("a.0"), Notice::Stopping});
  REQUIRE(stage.state("a.0") == "stopping");
  REQUIRE(stage.program("a").ready == 0);
  REQUIRE(stage.signals.empty());
  SECTION("it goes") {
    stage.exit("a.0", 0);
    REQUIRE(stage.count(EventKind::ExitedUnexpectedly) == 1);
    REQUIRE(stage.state("a.0") == "starting");
  }
  SECTION("it does not go") {
    stage.advance(10s);
    REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{9});
  }
  SECTION("a stop comes on top") {
    stage.command(CommandKind::Stop, "a").exit("a.0", 0);
    REQUIRE(stage.state("a.0") == "stopped");
    REQUIRE(stage.count(EventKind::Stopped) == 1);
  }
}

TEST_CASE(
    "unkillable: one that survives SIGKILL is reported every ten seconds and never replaced") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").command(CommandKind::Restart, "a.0").all_ready();
  stage.clear().advance(10s);
  REQUIRE(stage.signals.size() == 1);
  stage.clear().advance(60s);
  REQUIRE(stage.signals.empty());  // SIGKILL is not repeated
  REQUIRE(stage.count(EventKind::SlowStop) == 6);
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.replies.size() == 1);  // and the roll that waited for it is aborted
  REQUIRE_FALSE(stage.replies[0].ok);
}
