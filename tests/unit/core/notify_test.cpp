// SPDX-License-Identifier: Apache-2.0
// What a process says with sd_notify beside READY=1: heartbeats arm the watchdog, extensions move
// deadlines. And what is said of one that never becomes ready.
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program heartbeat_program() {
  config::Program program = service("a");
  program.watchdog = 30s;
  program.watchdog_required = false;
  return program;
}

}  // namespace

TEST_CASE("watchdog of a program that never beats: one that only says READY=1 is left alone") {
  Stage stage({heartbeat_program()});
  stage.begin().ready("a.0").advance(24h);
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.state("a.0") == "ready");
}

TEST_CASE("the first heartbeat arms the watchdog, before READY=1 or after it") {
  Stage stage({heartbeat_program()});
  stage.begin();
  SECTION("before") {
    stage.ping("a.0").advance(50s).ready("a.0");
  }
  SECTION("after") {
    stage.ready("a.0").advance(1h).ping("a.0");
  }
  stage.advance(29'999ms);
  REQUIRE(stage.signals.empty());
  stage.advance(1ms);
  REQUIRE(stage.count(EventKind::Hung) == 1);
  stage.die("a.0", SIGABRT).ready("a.0").advance(1h);  // its successor has promised nothing
  REQUIRE(stage.count(EventKind::Hung) == 1);
}

TEST_CASE("watchdog_required that is turned on applies from the next start, turned off at once") {
  config::Program off = heartbeat_program();
  config::Program on = off;
  on.watchdog_required = true;
  SECTION("on") {
    Stage stage({off});
    stage.begin().ready("a.0").reload({on}).advance(1h);
    REQUIRE(stage.signals.empty());
    stage.exit("a.0", 1).ready("a.0").advance(30s);
    REQUIRE(stage.count(EventKind::Hung) == 1);
  }
  SECTION("off") {
    Stage stage({on});
    stage.begin().ready("a.0").reload({off}).advance(1h);
    REQUIRE(stage.signals.empty());
  }
}

TEST_CASE("killed while it recovers: EXTEND_TIMEOUT_USEC moves the deadline of a start") {
  Stage stage({service("a")});
  stage.begin().advance(50s).extend(stage.of("a.0"), 30s);
  REQUIRE(stage.message(EventKind::TimeoutExtended) ==
          "a.0 (incarnation 1) asked for more time to start: 30s from now");
  for (int i = 0; i < 100; ++i)
    stage.advance(20s).extend(stage.of("a.0"), 30s);
  REQUIRE(stage.count(EventKind::TimeoutExtended) == 1);  // said once, however often it asks
  stage.reload({service("a")}).advance(29'999ms);
  REQUIRE(stage.signals.empty());
  stage.advance(1ms);
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 1);
}

TEST_CASE("an extension never shortens a deadline, and one that comes before Spawned counts") {
  Stage stage({service("a")});
  stage.auto_spawn = false;
  stage.begin().extend(stage.of("a.0"), 90s).send(Spawned{stage.of("a.0"), 7});
  stage.advance(10s).extend(stage.of("a.0"), 1s).extend(stage.of("a.0"), 0s);
  stage.extend(stage.of("a.0"), -1h).advance(79'999ms);
  REQUIRE(stage.signals.empty());
  stage.advance(1ms);
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 1);
}

TEST_CASE("killed while it flushes: an extension moves SIGKILL of a stop") {
  Stage stage({service("a")});
  stage.begin().ready("a.0").command(CommandKind::Stop, "a").clear();
  stage.advance(9s).extend(stage.of("a.0"), 60s).advance(59'999ms);
  REQUIRE(stage.signals.empty());
  SECTION("it ends in time") {
    stage.exit("a.0", 0);
    REQUIRE(stage.state("a.0") == "stopped");
  }
  SECTION("it does not") {
    stage.advance(1ms);
    REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{SIGKILL});
  }
}

TEST_CASE("no extension outlives the deadline of a shutdown") {
  Stage stage({service("a")});
  stage.begin().ready("a.0");
  SECTION("asked for in it") {
    stage.send(ShutdownRequested{}).extend(stage.of("a.0"), 1h);
  }
  SECTION("asked for before it") {
    stage.command(CommandKind::Stop, "a").extend(stage.of("a.0"), 1h).send(ShutdownRequested{});
  }
  stage.clear().advance(24'999ms);
  REQUIRE(stage.signals_to({stage.of("a.0")}).empty());
  stage.advance(1ms);
  REQUIRE(stage.signals_to({stage.of("a.0")}) == std::vector<int>{SIGKILL});
}

TEST_CASE("an extension moves the watchdog once, and buys no time for a process that hangs") {
  Stage stage({heartbeat_program()});
  stage.begin().ready("a.0").ping("a.0").extend(stage.of("a.0"), 5min).advance(299s);
  REQUIRE(stage.signals.empty());
  SECTION("a heartbeat ends it") {
    stage.ping("a.0").advance(30s);
    REQUIRE(stage.count(EventKind::Hung) == 1);
  }
  SECTION("once it hangs it gets the grace and no more") {
    stage.advance(1s).extend(stage.of("a.0"), 1h).advance(5s);
    REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{SIGABRT, SIGCONT, SIGKILL});
  }
}

TEST_CASE("a start that failed says why, until one succeeds") {
  Stage stage({service("a")});
  stage.begin().send(NotReadyBecause{stage.of("a.0"), "http://x/ answered 503"});
  REQUIRE(stage.slot("a.0").last_error == "http://x/ answered 503");
  stage.advance(60s);
  const std::string why = "not ready within 1m: http://x/ answered 503";
  REQUIRE(stage.message(EventKind::ReadyTimeout) ==
          "a.0 (incarnation 1) was " + why + "; stopping it");
  REQUIRE(stage.slot("a.0").last_error == why);
  stage.exit("a.0", 0).advance(1s);
  REQUIRE(stage.slot("a.0").incarnation == 2);
  REQUIRE(stage.slot("a.0").last_error == why);
  SECTION("it becomes ready") {
    stage.ready("a.0").send(NotReadyBecause{stage.of("a.0"), "too late"});
    REQUIRE(stage.slot("a.0").last_error.empty());
  }
  SECTION("it dies, which says more") {
    stage.exit("a.0", 3);
    REQUIRE(stage.slot("a.0").last_error.empty());
  }
}

TEST_CASE("without a known reason, the hint is about the way that it becomes ready") {
  config::Program program = service("a");
  std::string hint = "it sent no READY=1; if it does not speak sd_notify, set ready = ";
  bool notifies = false;
  SECTION("it never spoke sd_notify") {}
  SECTION("it did, but not that") {
    notifies = true;
    hint = "it sent other notifications, but no READY=1";
  }
  SECTION("a log line") {
    program.ready = config::ReadyKind::LogLine;
    program.ready_pattern = "up";
    hint = "no line of its output matched ready_log 'up'";
  }
  Stage stage({program});
  stage.begin();
  if (notifies) stage.send(StatusText{stage.of("a.0"), "warming up"});
  stage.advance(60s);
  REQUIRE_THAT(stage.slot("a.0").last_error, Catch::Contains("not ready within 1m: " + hint));
}
