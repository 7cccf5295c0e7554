// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

TEST_CASE("a settled worker that dies is replaced in the same step and its successor learns why") {
  Stage stage({service("api-worker")});
  stage.begin().ready("api-worker.0").advance(12s).clear();
  stage.die("api-worker.0", 11);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.spawns[0].process.incarnation == 2);
  REQUIRE(stage.spawns[0].predecessor == "signal 11 (SIGSEGV)");
  REQUIRE(
      stage.message(EventKind::Crashed) ==
      "api-worker.0 (incarnation 1) died: signal 11 (SIGSEGV) after 12s; restarting immediately");
  REQUIRE(stage.slot("api-worker.0").restarts == 1);
  REQUIRE(stage.slot("api-worker.0").last_exit == ExitStatus{true, 11, false});
}

TEST_CASE("one that had just started waits for its back-off") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").advance(9s).clear();
  stage.exit("a.0", 1);
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.state("a.0") == "backoff");
  REQUIRE(stage.slot("a.0").retry_at == stage.now + 250ms);
  stage.advance(249ms);
  REQUIRE(stage.spawns.empty());
  stage.advance(1ms);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE_FALSE(stage.slot("a.0").retry_at);
}

TEST_CASE("exit 0 outside a shutdown is unexpected but no crash") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").advance(12s).exit("a.0", 0);
  REQUIRE(stage.count(EventKind::Crashed) == 0);
  REQUIRE(stage.message(EventKind::ExitedUnexpectedly) ==
          "a.0 (incarnation 1) exited unexpectedly: exit 0 after 12s; restarting immediately");
}

TEST_CASE("the predecessor's exit is passed on again if the spawn in between failed") {
  Stage stage({service("a")});
  stage.begin().die("a.0", 11);
  stage.auto_spawn = false;
  stage.advance(250ms);
  stage.send(SpawnFailed{stage.of("a.0"), "fork", EAGAIN});
  stage.advance(500ms);
  REQUIRE(stage.spawns.back().process.incarnation == 3);
  REQUIRE(stage.spawns.back().predecessor == "signal 11 (SIGSEGV)");
}

TEST_CASE("a planned restart tells of no predecessor and counts as no restart") {
  Stage stage({service("a")});
  stage.begin().die("a.0", 11).advance(250ms).ready("a.0").clear();
  stage.command(CommandKind::Restart, "a").ready("a.0");
  stage.retiring_exit("a.0");
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.spawns[0].predecessor.empty());
  REQUIRE(stage.slot("a.0").restarts == 1);
  REQUIRE(stage.slot("a.0").starts == 3);
}

TEST_CASE("exit 78 is final until a person starts it") {
  Stage stage({service("a")});
  stage.begin().exit("a.0", 78);
  REQUIRE(stage.state("a.0") == "failed");
  REQUIRE(stage.message(EventKind::Failed) ==
          "a.0 (incarnation 1) died: exit 78 after 0ms; not restarted: it reported an invalid "
          "configuration");
  stage.advance(24h);
  REQUIRE(stage.state("a.0") == "failed");
  stage.command(CommandKind::Start, "a");
  REQUIRE(stage.state("a.0") == "starting");
}

TEST_CASE("restart = on-failure leaves a clean end alone, never leaves every end alone") {
  config::Program on_failure = service("on");
  on_failure.restart = config::RestartPolicy::OnFailure;
  config::Program never = service("never");
  never.restart = config::RestartPolicy::Never;
  Stage stage({on_failure, never});
  stage.begin().exit("on.0", 0).exit("never.0", 1).advance(1h);
  REQUIRE(stage.state("on.0") == "stopped");
  REQUIRE(stage.state("never.0") == "failed");
  REQUIRE(stage.spawns.size() == 2);
}

TEST_CASE("five ends in a minute: one alert, then one try each thirty seconds, for ever") {
  Stage stage({service("a")});
  stage.begin();
  for (int i = 0; i < 5; ++i) {
    REQUIRE(stage.state("a.0") == "starting");
    stage.exit("a.0", 1).advance(i < 4 ? 5s : 0s);
  }
  REQUIRE(stage.state("a.0") == "crash_loop");
  REQUIRE(stage.message(EventKind::CrashLoop) ==
          "a.0 is in a crash loop: 5 unplanned exits, most recently exit 1; retrying every 30s");
  for (int i = 0; i < 20; ++i) {
    const auto starts = stage.slot("a.0").starts;
    stage.advance(29'999ms);
    REQUIRE(stage.slot("a.0").starts == starts);
    stage.advance(1ms);
    REQUIRE(stage.slot("a.0").starts == starts + 1);
    REQUIRE(in_crash_loop(stage.slot("a.0")));  // also while it tries
    stage.exit("a.0", 1);
    REQUIRE(stage.state("a.0") == "crash_loop");
  }
  REQUIRE(stage.count(EventKind::CrashLoop) == 1);
}

TEST_CASE("a crash loop is over once the worker has stayed ready, and then counts anew") {
  Stage stage({service("a")});
  stage.begin();
  for (int i = 0; i < 5; ++i)
    stage.exit("a.0", 1).advance(i < 4 ? 5s : 30s);
  stage.ready("a.0").advance(9s).exit("a.0", 1);
  REQUIRE(stage.count(EventKind::CrashLoopEnded) == 0);
  REQUIRE(stage.state("a.0") == "crash_loop");
  stage.advance(30s).ready("a.0").advance(10s);
  REQUIRE(stage.message(EventKind::CrashLoopEnded) ==
          "a.0 has recovered from its crash loop: ready for 10s");
  REQUIRE_FALSE(in_crash_loop(stage.slot("a.0")));
  stage.exit("a.0", 1);
  REQUIRE(stage.state("a.0") == "starting");
}

TEST_CASE("start in a crash loop tries at once with counters at zero and still reports the end") {
  Stage stage({service("a")});
  stage.begin();
  for (int i = 0; i < 5; ++i)
    stage.exit("a.0", 1).advance(i < 4 ? 5s : 0s);
  stage.command(CommandKind::Start, "a.0");
  REQUIRE(stage.state("a.0") == "starting");
  stage.exit("a.0", 1);
  REQUIRE(stage.state("a.0") == "backoff");
  stage.advance(1s).ready("a.0").advance(10s);
  REQUIRE(stage.count(EventKind::CrashLoopEnded) == 1);
}

TEST_CASE("late and unknown identities change nothing") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").advance(20s);
  const ProcessId old = stage.of("a.0");
  stage.die("a.0", 9).ready("a.0").clear();
  const auto revision = stage.view().programs[0].slots[0].incarnation;
  stage.send(Exited{old, ExitStatus{}}).send(Notified{old, Notice::WatchdogTrigger});
  stage.send(Spawned{old, 7}).send(SpawnFailed{old, "fork", 1}).send(StatusText{old, "x"});
  stage.send(Exited{{{99, 0}, 1}, ExitStatus{}}).send(Notified{{{1, 99}, 1}, Notice::Ready});
  REQUIRE(stage.reports.empty());
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.slot("a.0").incarnation == revision);
  REQUIRE(stage.state("a.0") == "ready");
}

TEST_CASE("max_restarts_per_hour: the worker has failed, says why, and start begins anew") {
  config::Program a = service("a");
  a.max_restarts_per_hour = 1;
  Stage stage({a});
  stage.begin().ready("a.0").advance(12s).exit("a.0", 3).ready("a.0").advance(12s).clear();
  stage.exit("a.0", 3);
  REQUIRE(stage.state("a.0") == "failed");
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.message(EventKind::Failed) ==
          "a.0 (incarnation 2) died: exit 3 after 12s; not restarted: restarted 1 time within an "
          "hour, and max_restarts_per_hour allows no more");
  REQUIRE(stage.slot("a.0").last_error ==
          "exit 3; restarted 1 time within an hour, and max_restarts_per_hour allows no more");
  stage.advance(2h);
  REQUIRE(stage.state("a.0") == "failed");
  stage.command(CommandKind::Start, "a").ready("a.0");
  REQUIRE(stage.state("a.0") == "ready");
  REQUIRE(stage.slot("a.0").last_error.empty());
  stage.exit("a.0", 3);
  REQUIRE(stage.state("a.0") == "backoff");
}

TEST_CASE("success_exit_codes: such an exit is unexpected of a service, and the end of a oneshot") {
  config::Program a = service("a");
  a.success_exit_codes = {4};
  config::Program job = oneshot("job");
  job.success_exit_codes = {4};
  Stage stage({a, job});
  stage.begin().ready("a.0").advance(12s).clear();
  stage.exit("a.0", 4);
  REQUIRE(stage.count(EventKind::Crashed) == 0);
  REQUIRE(stage.message(EventKind::ExitedUnexpectedly) ==
          "a.0 (incarnation 1) exited unexpectedly: exit 4 after 12s; restarting immediately");
  stage.exit("job.0", 4);
  REQUIRE(stage.state("job.0") == "done");
  REQUIRE(stage.program("job").satisfied);
}

TEST_CASE("max_restarts_per_hour: the end of a crash loop does not start the count anew") {
  config::Program a = service("a");
  a.max_restarts_per_hour = 1;
  a.crash_loop_exits = 1;
  Stage stage({a});
  stage.begin().ready("a.0").exit("a.0", 1).advance(30s).ready("a.0").advance(12s);
  REQUIRE(stage.count(EventKind::CrashLoopEnded) == 1);
  stage.exit("a.0", 1);
  REQUIRE(stage.state("a.0") == "failed");
}
