// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program watched(std::string name = "a") {
  config::Program program = service(std::move(name));
  program.watchdog = 30s;
  return program;
}

}  // namespace

TEST_CASE("the watchdog starts at ready and every ping renews it") {
  Stage stage({watched()});
  stage.begin().advance(50s).ready("a.0");
  for (int i = 0; i < 10; ++i)
    stage.advance(29s).ping("a.0");
  REQUIRE(stage.signals.empty());
  stage.advance(29'999ms);
  REQUIRE(stage.signals.empty());
}

TEST_CASE("silence: report, ABRT to the process, KILL to the group after the grace, restart") {
  Stage stage({watched()});
  stage.begin().ready("a.0").advance(30s);
  REQUIRE(stage.message(EventKind::Hung) ==
          "a.0 (incarnation 1) sent no heartbeat for 30s: SIGABRT, SIGKILL in 5s");
  REQUIRE(stage.signals.size() == 2);
  REQUIRE(stage.signals[0].signal == SIGABRT);
  REQUIRE_FALSE(stage.signals[0].group);
  REQUIRE(stage.signals[1].signal == SIGCONT);  // one that was stopped could print no stack
  REQUIRE_FALSE(stage.signals[1].group);
  REQUIRE(stage.program("a").ready == 0);
  stage.ping("a.0").advance(5s);  // too late for a ping
  REQUIRE(stage.signals.back().signal == SIGKILL);
  REQUIRE(stage.signals.back().group);
  stage.die("a.0", SIGKILL);
  REQUIRE(stage.state("a.0") == "starting");
  REQUIRE(stage.message(EventKind::Crashed) ==
          "a.0 (incarnation 1) ended after hanging: signal 9 (SIGKILL) after 35s; restarting "
          "immediately");
}

TEST_CASE("WATCHDOG=trigger acts at once") {
  Stage stage({watched()});
  stage.begin().ready("a.0").advance(1s);
  stage.send(Notified{stage.of("a.0"), Notice::WatchdogTrigger});
  REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{SIGABRT, SIGCONT});
  REQUIRE(stage.message(EventKind::Hung) ==
          "a.0 (incarnation 1) reported that it hangs: SIGABRT, SIGKILL in 5s");
}

TEST_CASE("no watchdog for programs without notify, for oneshots, or if it is off") {
  config::Program started = watched("started");
  started.ready = config::ReadyKind::Started;
  config::Program probed = watched("probed");
  probed.ready = config::ReadyKind::Probe;
  config::Program off = watched("off");
  off.watchdog = 0s;
  config::Program once = oneshot("once");
  once.watchdog = 30s;
  Stage stage({started, probed, off, once});
  stage.begin().all_ready().advance(1h);
  REQUIRE(stage.signals.empty());
}

TEST_CASE("a process that is stopping needs no pings") {
  config::Program program = watched();
  program.stop_timeout = 10min;
  Stage stage({program});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a").clear();
  stage.advance(9min);
  REQUIRE(stage.signals.empty());
}

TEST_CASE("watchdog false kills: if the supervisor itself was late, everybody is given that time") {
  Stage stage({watched("a"), watched("b"), service("slow")});
  stage.begin().ready("a.0").ready("b.0").command(CommandKind::Stop, "b").clear();
  stage.freeze(45s);  // the kill of b was due at 10 s, the watchdog of a at 30 s
  stage.send(Tick{});
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.message(EventKind::LateLoop) ==
          "the supervisor fell behind by 35s; worker deadlines are extended by as much");
  stage.advance(999ms);  // and a second more, for what waits behind the tick
  REQUIRE(stage.signals.empty());
  stage.advance(1ms);
  REQUIRE(stage.signals_to(stage.of("b.0")) == std::vector<int>{9});
  stage.advance(20s);  // a: 30 + 36
  REQUIRE(stage.count(EventKind::Hung) == 1);
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 0);
  stage.advance(30s);  // slow: 60 + 36
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 1);
}

TEST_CASE("pings that waited while the supervisor was late are read before anyone is blamed") {
  Stage stage({watched()});
  stage.begin().ready("a.0").freeze(90s).send(Tick{}).ping("a.0").advance(29s);
  REQUIRE(stage.count(EventKind::LateLoop) == 1);
  REQUIRE(stage.count(EventKind::Hung) == 0);
}

TEST_CASE("a second late is nothing") {
  Stage stage({watched()});
  stage.begin().ready("a.0").freeze(31s).send(Tick{});
  REQUIRE(stage.count(EventKind::LateLoop) == 0);
  REQUIRE(stage.count(EventKind::Hung) == 1);
}

TEST_CASE("a ping that comes together with its deadline has made it") {
  Stage stage({watched()});
  stage.begin().ready("a.0").freeze(30s).ping("a.0");
  REQUIRE(stage.count(EventKind::Hung) == 0);
}

TEST_CASE("heartbeats cost no timer") {
  Stage stage({watched()});
  stage.begin().ready("a.0").clear();
  for (int i = 0; i < 100; ++i) {
    stage.freeze(100ms);
    stage.ping("a.0");
  }
  REQUIRE(stage.timers == 0);
}
