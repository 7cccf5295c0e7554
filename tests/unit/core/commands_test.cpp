// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

TEST_CASE("scale: as many workers as there are ports for, and no more") {
  config::Program a = service("a");
  a.port = 65534;
  Stage stage({a});
  stage.begin().all_ready();
  stage.command(CommandKind::Scale, "a", 3);
  REQUIRE_FALSE(stage.replies.back().ok);
  REQUIRE(stage.replies.back().message ==
          "3 workers of a need ports above 65535: its port is 65534");
  stage.command(CommandKind::Scale, "a", 2).all_ready();
  REQUIRE(stage.replies.back().ok);
}

TEST_CASE("an unknown target is answered with what there is") {
  Stage stage({service("api-worker", 2), service("one"), service("none", 0)});
  stage.begin();
  const auto answer = [&](const std::string& target) {
    stage.command(CommandKind::Restart, target);
    REQUIRE_FALSE(stage.replies.back().ok);
    REQUIRE(stage.replies.back().request == stage.request);
    return stage.replies.back().message;
  };
  REQUIRE(answer("api") == "no program 'api'; known programs: api-worker, one, none");
  REQUIRE(answer("") == "no program ''; known programs: api-worker, one, none");
  REQUIRE(answer("api-worker.2") ==
          "no slot 'api-worker.2'; the slots are api-worker.0 to api-worker.1");
  REQUIRE(answer("api-worker.") ==
          "no slot 'api-worker.'; the slots are api-worker.0 to api-worker.1");
  REQUIRE(answer("one.1x") == "no slot 'one.1x'; the only slot is one.0");
  REQUIRE(answer("none.0") ==
          "no slot 'none.0'; none has no workers: it has 0 replicas, and 'holdfast scale none 1' "
          "starts one");
}

TEST_CASE("a program's name may hold dots") {
  Stage stage({service("web.v2", 2)});
  stage.begin().all_ready();
  stage.command(CommandKind::Stop, "web.v2.1");
  REQUIRE(stage.state("web.v2.1") == "stopping");
  REQUIRE(stage.state("web.v2.0") == "ready");
}

TEST_CASE("stop and start of one slot leave the others alone") {
  Stage stage({service("a", 2)});
  stage.begin().all_ready().command(CommandKind::Stop, "a.1").exit("a.1", 0);
  REQUIRE(stage.state("a.0") == "ready");
  REQUIRE(stage.state("a.1") == "stopped");
  stage.command(CommandKind::Start, "a");
  REQUIRE(stage.state("a.1") == "starting");
  REQUIRE(stage.slot("a.0").incarnation == 1);
}

TEST_CASE("starting what already runs does nothing and says so") {
  Stage stage({service("a")});
  stage.begin().all_ready().clear().command(CommandKind::Start, "a");
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == "a is already started");
}

TEST_CASE("start before the dependencies are ready does not jump the queue") {
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({service("a"), b});
  stage.begin();
  for (const CommandKind kind : {CommandKind::Start, CommandKind::Restart}) {
    stage.command(kind, "b");
    REQUIRE(stage.accepted.back().message == "b will start once its dependencies are ready");
    REQUIRE(stage.state("b.0") == "stopped");
  }
  stage.ready("a.0");
  REQUIRE(stage.state("b.0") == "starting");
}

TEST_CASE("commands to a program without replicas say so, and decide what scaling it up does") {
  config::Program program = service("a");
  program.replicas = program.min_ready = 0;
  Stage stage({program});
  stage.begin();
  REQUIRE(stage.view().ready);
  for (const CommandKind kind : {CommandKind::Stop, CommandKind::Start, CommandKind::Restart}) {
    stage.command(kind, "a");
    REQUIRE(stage.replies.back().ok);
    REQUIRE(stage.replies.back().message ==
            "a has no workers: it has 0 replicas, and 'holdfast scale a 1' starts one");
  }
  stage.command(CommandKind::Scale, "a", 1);
  REQUIRE(stage.accepted.back().message == "scaling a from 0 to 1");
  REQUIRE(stage.state("a.0") == "starting");
  stage.ready("a.0");
  REQUIRE(stage.replies.back().message == "a scaled from 0 to 1");
}

TEST_CASE("commands are answered when their work is done, with its outcome") {
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({service("a", 2), b});
  stage.begin().all_ready().clear();
  SECTION("stop: when the processes are gone") {
    stage.command(CommandKind::Stop, "a");
    REQUIRE(stage.accepted[0].message == "stopping a");
    stage.exit("a.0", 0);
    REQUIRE(stage.replies.empty());
    stage.exit("a.1", 0);
    REQUIRE(stage.replies[0].ok);
    REQUIRE(stage.replies[0].message == "stopped a");
  }
  SECTION("stop: when what was scaled down before is gone, too") {
    stage.command(CommandKind::Scale, "a", 1).command(CommandKind::Stop, "a").exit("a.0", 0);
    REQUIRE(stage.replies.empty());
    stage.exit("a.1", 0);
    REQUIRE(stage.replies.size() == 2);
    REQUIRE(stage.replies[1].ok);
  }
  SECTION("stop: not of those that survive SIGKILL") {
    stage.command(CommandKind::Stop, "a.0").advance(20s);
    REQUIRE_FALSE(stage.replies[0].ok);
  }
  SECTION("start: when all are ready") {
    stage.command(CommandKind::Stop, "a").exit("a.0", 0).exit("a.1", 0).clear();
    stage.command(CommandKind::Start, "a").ready("a.0");
    REQUIRE(stage.replies.empty());
    stage.ready("a.1");
    REQUIRE(stage.replies[0].ok);
    REQUIRE(stage.replies[0].message == "a is started");
  }
  SECTION("start: at once of what serves, though it is being replaced and that fails") {
    stage.command(CommandKind::Stop, "a.1").exit("a.1", 0).clear();
    stage.command(CommandKind::Restart, "a.0").command(CommandKind::Start, "a").ready("a.1");
    REQUIRE(stage.replies.back().message == "a is started");
  }
  SECTION("start: or have failed") {
    stage.command(CommandKind::Stop, "a.0").exit("a.0", 0).clear();
    stage.command(CommandKind::Start, "a.0").exit("a.0", 3);
    REQUIRE_FALSE(stage.replies[0].ok);
    REQUIRE(stage.replies[0].message == "a.0 (incarnation 2) died: exit 3 after 0ms");
  }
  SECTION("start: or are stopped again") {
    stage.command(CommandKind::Stop, "a.0").exit("a.0", 0).clear();
    stage.command(CommandKind::Start, "a.0").command(CommandKind::Stop, "a.0");
    REQUIRE(stage.replies[0].message == "a.0 was stopped before it was ready");
  }
  SECTION("scale: when what was added is ready, and what was removed is gone") {
    stage.command(CommandKind::Scale, "a", 3);
    REQUIRE(stage.replies.empty());
    stage.ready("a.2");
    REQUIRE(stage.replies[0].message == "a scaled from 2 to 3");
    stage.clear().command(CommandKind::Scale, "a", 1).exit("a.2", 0);
    REQUIRE(stage.replies.empty());
    stage.exit("a.1", 0);
    REQUIRE(stage.replies[0].ok);
  }
  SECTION("all: when a shutdown ends them") {
    stage.command(CommandKind::Scale, "a", 3).send(ShutdownRequested{15});
    REQUIRE(stage.replies[0].message == "shutting down");
    REQUIRE_FALSE(stage.replies[0].ok);
  }
}

TEST_CASE("a start that waits for a program of which too many are stopped is answered") {
  config::Program a = service("a", 2);
  a.min_ready = 2;
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({a, b});
  stage.begin().command(CommandKind::Stop, "a.1").exit("a.1", 0);
  stage.command(CommandKind::Start, "b").ready("a.0");
  REQUIRE(stage.replies.back().message == "b.0 waits for a, of which too few are not stopped");
}

TEST_CASE("a start that waits along a chain is answered when the far end of it fails") {
  config::Program b = service("b");
  b.after = {"a"};
  config::Program c = service("c");
  c.after = {"b"};
  Stage stage({service("a"), b, c});
  stage.begin().command(CommandKind::Start, "c");
  REQUIRE(stage.replies.empty());
  stage.exit("a.0", 78);
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].message == "c.0 waits for a, which is failed");
}

TEST_CASE("a start that waits for a program which cannot become ready is answered") {
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({service("a"), b});
  stage.begin().command(CommandKind::Start, "b");
  SECTION("it is stopped") {
    stage.command(CommandKind::Stop, "a");
    REQUIRE(stage.replies[0].message == "b.0 waits for a, which is stopped");
  }
  SECTION("it keeps failing") {
    stage.exit("a.0", 1);
    REQUIRE(stage.replies[0].message == "b.0 waits for a, which is backoff");
  }
  REQUIRE_FALSE(stage.replies[0].ok);
}

TEST_CASE("slots added to a stopped program stay stopped until it is started") {
  Stage stage({service("a")});
  stage.begin().all_ready().command(CommandKind::Stop, "a").exit("a.0", 0);
  stage.command(CommandKind::Scale, "a", 3);
  REQUIRE(stage.replies.back().message ==
          "a scaled from 1 to 3; it is stopped, and 'holdfast start a' starts it");
  REQUIRE(stage.slot("a.2").stopped_by_hand);
  stage.clear();
  REQUIRE(stage.spawns.empty());
  stage.command(CommandKind::Start, "a");
  REQUIRE(stage.spawns.size() == 3);
}

TEST_CASE("the revision changes exactly when the view does") {
  config::Program program = service("a");
  program.watchdog = 30s;
  Fleet fleet({}, {program}, 1, false);
  const MonoTime now = MonoTime{} + 1h;
  fleet.begin(now);
  const ProcessId process{fleet.view().programs[0].slots[0].id, 1};
  const auto changed = [&](const Event& event) {
    const auto before = fleet.revision();
    fleet.step(event, now);
    return fleet.revision() != before;
  };
  REQUIRE(changed(Spawned{process, 5}));
  REQUIRE(changed(Notified{process, Notice::Ready}));
  REQUIRE_FALSE(changed(Notified{process, Notice::Watchdog}));
  REQUIRE_FALSE(changed(Tick{}));
  REQUIRE(changed(StatusText{process, "42 jobs"}));
  REQUIRE_FALSE(changed(StatusText{process, "42 jobs"}));
  REQUIRE_FALSE(changed(Command{1, CommandKind::Start, {"nobody"}, 0, 0}));
  REQUIRE(fleet.view().programs[0].slots[0].status == "42 jobs");
}
