// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Supervisor mode(std::string text) {
  config::Supervisor supervisor;
  supervisor.on_hopeless = std::move(text);
  return supervisor;
}

void fail_for(Stage& stage, const std::string& slot, Duration time) {
  const MonoTime end = stage.now + time;
  while (stage.now < end) {
    if (stage.state(slot) == "starting") stage.exit(slot, 1);
    stage.advance(std::min<Duration>(1s, end - stage.now));
  }
}

}  // namespace

TEST_CASE("hopeless means no ready slot of a required program for two minutes; then exit 70") {
  Stage stage({service("a"), service("b")}, mode("exit"));
  stage.begin().ready("b.0");
  fail_for(stage, "a.0", 119s);
  REQUIRE(stage.count(EventKind::Hopeless) == 0);
  fail_for(stage, "a.0", 1s);
  REQUIRE(stage.message(EventKind::Hopeless) ==
          "a has had no ready slot for 2m: shutting down with exit code 70");
  REQUIRE(stage.drains == 1);
  REQUIRE(stage.state("b.0") == "stopping");  // in order, not by force
  stage.exit("b.0", 0);
  if (stage.state("a.0") == "stopping") stage.exit("a.0", 0);
  REQUIRE(stage.finishes[0].exit_code == 70);
}

TEST_CASE("auto exits as PID 1 and keeps trying elsewhere") {
  for (const bool pid1 : {true, false}) {
    Stage stage({service("a")}, mode("auto"), pid1);
    stage.begin();
    fail_for(stage, "a.0", 10min);
    REQUIRE(stage.count(EventKind::Hopeless) == 1);  // reported once either way
    REQUIRE(stage.drains == (pid1 ? 1 : 0));
  }
}

TEST_CASE("keep reports again only after there was hope in between") {
  Stage stage({service("a")}, mode("keep"));
  stage.begin();
  fail_for(stage, "a.0", 10min);
  stage.advance(30s).ready("a.0").advance(20s).exit("a.0", 1);
  fail_for(stage, "a.0", 10min);
  REQUIRE(stage.count(EventKind::Hopeless) == 2);
  REQUIRE(stage.drains == 0);
}

TEST_CASE("one ready slot is hope; a program that is not required or was stopped needs none") {
  config::Program optional = service("optional");
  optional.required = false;
  Stage stage({service("a", 2), optional, service("stopped")}, mode("exit"));
  stage.begin().ready("a.0").command(CommandKind::Stop, "stopped").exit("stopped.0", 0);
  stage.exit("a.1", 78).exit("optional.0", 78).advance(1h);
  REQUIRE(stage.count(EventKind::Hopeless) == 0);
}

TEST_CASE("waiting for a dependency is not hopeless, a dependency that keeps failing is") {
  config::Program api = service("api");
  api.after = {"migrate"};
  Stage stage({oneshot("migrate"), api}, mode("exit"));
  stage.begin();
  SECTION("a migration that takes an hour") {
    stage.advance(1h);
    REQUIRE(stage.count(EventKind::Hopeless) == 0);
  }
  SECTION("a migration that fails for ever") {
    fail_for(stage, "migrate.0", 5min);
    REQUIRE(stage.message(EventKind::Hopeless) ==
            "migrate has not succeeded for 2m: shutting down with exit code 70");
  }
  SECTION("a migration that is refused") {
    stage.exit("migrate.0", 78).advance(2min);
    REQUIRE(stage.count(EventKind::Hopeless) == 1);
  }
}

TEST_CASE("hopeless_after changes with a reload") {
  config::Supervisor supervisor = mode("keep");
  Stage stage({service("a")}, supervisor);
  stage.begin().exit("a.0", 78).advance(60s);
  supervisor.hopeless_after = 90s;
  stage.reload({service("a")}, supervisor).advance(29s);
  REQUIRE(stage.count(EventKind::Hopeless) == 0);
  stage.advance(1s);
  REQUIRE(stage.count(EventKind::Hopeless) == 1);
}
