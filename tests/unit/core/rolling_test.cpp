// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

Stage running(std::uint32_t replicas = 2) {
  Stage stage({service("a", replicas)});
  stage.begin().all_ready().advance(1min).clear();
  return stage;
}

}  // namespace

TEST_CASE("a roll brings up the new beside the old, then drains the old, slot by slot") {
  Stage stage = running();
  const ProcessId old0 = stage.of("a.0");
  stage.command(CommandKind::Restart, "a");
  REQUIRE(stage.program("a").rolling);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.slot("a.0").incarnation == 2);
  REQUIRE(stage.slot("a.0").retiring_incarnation == 1);
  REQUIRE(stage.program("a").ready == 2);  // the old one serves on
  REQUIRE(stage.signals.empty());

  stage.ready("a.0");
  REQUIRE(stage.signals_to(old0) == std::vector<int>{15, 18});
  REQUIRE(stage.spawns.size() == 1);  // the next slot waits until the old one is gone
  stage.retiring_exit("a.0");
  REQUIRE(stage.slot("a.0").retiring_incarnation == 0);
  REQUIRE(stage.spawns.size() == 2);
  REQUIRE(stage.slot("a.1").incarnation == 2);
  REQUIRE(stage.replies.empty());

  stage.ready("a.1").retiring_exit("a.1");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == "a: 2 slots restarted in 0ms");
  REQUIRE_FALSE(stage.program("a").rolling);
  REQUIRE(stage.slot("a.0").restarts == 0);
}

TEST_CASE("restart of one slot rolls that slot only") {
  Stage stage = running();
  stage.command(CommandKind::Restart, "a.1").ready("a.1").retiring_exit("a.1");
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.slot("a.0").incarnation == 1);
  REQUIRE(stage.slot("a.1").incarnation == 2);
  REQUIRE(stage.replies[0].message == "a: 1 slot restarted in 0ms");
}

TEST_CASE("if the new process fails the roll is aborted and the old one keeps serving") {
  Stage stage = running();
  stage.auto_spawn = false;
  stage.command(CommandKind::Restart, "a");
  std::string why;
  SECTION("it exits") {
    stage.send(Spawned{stage.of("a.0"), 9}).exit("a.0", 1);
    why = "a.0 (incarnation 2) died: exit 1 after 0ms";
  }
  SECTION("it cannot be spawned") {
    stage.send(SpawnFailed{stage.of("a.0"), "exec", ENOENT});
    why = "a.0 (incarnation 2) could not be started: exec: No such file or directory";
  }
  SECTION("it is not ready in time") {
    stage.send(Spawned{stage.of("a.0"), 9});
    stage.send(NotReadyBecause{stage.of("a.0"), "it is cold"}).advance(60s);
    why = "a.0 (incarnation 2) was not ready within 1m: it is cold";
    REQUIRE(stage.slot("a.0").retiring_incarnation == 2);  // they changed places
    stage.retiring_exit("a.0");
  }
  SECTION("it says that it stops") {
    stage.send(Spawned{stage.of("a.0"), 9});
    stage.send(Notified{stage.of("a.0"), Notice::Stopping});
    why = "a.0 (incarnation 2) stopped of its own accord";
    stage.retiring_exit("a.0");
  }
  REQUIRE(stage.slot("a.0").incarnation == 1);
  REQUIRE(stage.slot("a.0").retiring_incarnation == 0);
  REQUIRE(stage.state("a.0") == "ready");
  REQUIRE(stage.program("a").ready == 2);
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == "rolling restart of a aborted: " + why);
  REQUIRE(stage.count(EventKind::RollingAborted) == 1);
  REQUIRE_FALSE(stage.program("a").rolling);
  stage.advance(1h);
  REQUIRE(stage.spawns.size() == 1);  // no second try, and a.1 was left alone
}

TEST_CASE("the old one dying in the middle is no failure of the roll") {
  Stage stage = running();
  stage.command(CommandKind::Restart, "a");
  stage.send(Exited{stage.retiring("a.0"), ExitStatus{true, 11, false}});
  REQUIRE(stage.message(EventKind::Crashed) ==
          "a.0 (incarnation 1) died: signal 11 (SIGSEGV) after 1m; incarnation 2 keeps running");
  REQUIRE(stage.program("a").ready == 1);
  SECTION("the new one comes up") {
    stage.ready("a.0");
    REQUIRE(stage.slot("a.1").incarnation == 2);  // on to the next
    stage.ready("a.1").retiring_exit("a.1");
    REQUIRE(stage.replies[0].ok);
  }
  SECTION("the new one fails too: the ordinary back-off takes over") {
    stage.exit("a.0", 1);
    REQUIRE_FALSE(stage.replies[0].ok);
    REQUIRE(stage.state("a.0") == "backoff");
    stage.advance(250ms);
    REQUIRE(stage.slot("a.0").incarnation == 3);
  }
}

TEST_CASE("a new process failing while the old one drains aborts the roll, not the slot") {
  Stage stage = running();
  stage.command(CommandKind::Restart, "a").ready("a.0").die("a.0", 11);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE(stage.spawns.size() == 1);
  stage.advance(5s);
  REQUIRE(stage.spawns.size() == 1);  // never a third beside two
  stage.send(Exited{stage.retiring("a.0"), ExitStatus{}});
  REQUIRE(stage.state("a.0") == "starting");
  REQUIRE(stage.slot("a.0").incarnation == 3);
}

TEST_CASE("slots that do not serve are simply given a new process") {
  Stage stage({service("a", 4)});
  stage.begin().all_ready();
  stage.command(CommandKind::Stop, "a.0").exit("a.0", 0);
  stage.exit("a.1", 78);
  stage.exit("a.2", 1);
  stage.clear().command(CommandKind::Restart, "a");
  REQUIRE(stage.state("a.2") == "backoff");  // its turn has not come
  for (const char* slot : {"a.0", "a.1", "a.2"}) {
    REQUIRE(stage.state(slot) == "starting");
    REQUIRE(stage.slot(slot).retiring_incarnation == 0);
    stage.ready(slot);
  }
  stage.ready("a.3").retiring_exit("a.3");
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.program("a").ready == 4);
}

TEST_CASE("a oneshot is run again and the reply waits until it has exited") {
  Stage stage({oneshot("migrate")});
  stage.begin().exit("migrate.0", 0).clear();
  stage.command(CommandKind::Restart, "migrate");
  REQUIRE(stage.state("migrate.0") == "starting");
  REQUIRE(stage.view().ready);  // it was done once: a second run takes nothing from readiness
  REQUIRE(stage.replies.empty());
  SECTION("well") {
    stage.exit("migrate.0", 0);
    REQUIRE(stage.replies[0].ok);
  }
  SECTION("badly") {
    stage.exit("migrate.0", 3);
    REQUIRE_FALSE(stage.replies[0].ok);
    REQUIRE(stage.state("migrate.0") == "backoff");
  }
}

TEST_CASE("a second restart during a roll is refused") {
  Stage stage = running();
  stage.command(CommandKind::Restart, "a").command(CommandKind::Restart, "a.1");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == "a is already being restarted");
}

TEST_CASE("stop wins over a roll: both processes stop and the roll is answered") {
  Stage stage = running(1);
  stage.command(CommandKind::Restart, "a");
  const ProcessId old = stage.retiring("a.0");
  const ProcessId fresh = stage.of("a.0");
  stage.command(CommandKind::Stop, "a");
  REQUIRE(stage.signals_to(old) == std::vector<int>{15, 18});
  REQUIRE(stage.signals_to(fresh) == std::vector<int>{15, 18});
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  stage.exit("a.0", 0);
  REQUIRE(stage.state("a.0") == "stopping");
  stage.send(Exited{old, ExitStatus{}});
  REQUIRE(stage.replies[1].ok);
  REQUIRE(stage.state("a.0") == "stopped");
  stage.advance(1h);
  REQUIRE(stage.spawns.size() == 1);
}

TEST_CASE("stopping or removing the slot being rolled takes it out of the roll, which continues") {
  Stage stage = running();
  stage.command(CommandKind::Restart, "a");
  const ProcessId old = stage.retiring("a.0");
  stage.command(CommandKind::Stop, "a.0");
  stage.exit("a.0", 0).send(Exited{old, ExitStatus{}});
  REQUIRE(stage.slot("a.1").incarnation == 2);
  const ProcessId left = stage.retiring("a.1");
  stage.command(CommandKind::Scale, "a", 1).exit("a.1", 0).send(Exited{left, ExitStatus{}});
  REQUIRE(stage.replies.size() == 3);
  REQUIRE_FALSE(stage.program("a").rolling);
}

TEST_CASE("a roll waits its turn among the starts") {
  config::Supervisor supervisor;
  supervisor.max_starting = 1;
  Stage stage({service("a"), service("slow")}, supervisor);
  stage.begin().ready("a.0").clear();
  REQUIRE(stage.state("slow.0") == "starting");
  stage.command(CommandKind::Restart, "a");
  REQUIRE(stage.spawns.empty());
  SECTION("and goes on") {
    stage.ready("slow.0");
    REQUIRE(stage.spawns.size() == 1);
    stage.ready("a.0").retiring_exit("a.0");
    REQUIRE(stage.replies[0].ok);
  }
  SECTION("and notices that the old one died meanwhile") {
    stage.die("a.0", 9);
    stage.ready("slow.0");
    REQUIRE(stage.slot("a.0").retiring_incarnation == 0);
    stage.ready("a.0");
    REQUIRE(stage.replies[0].ok);
  }
}
