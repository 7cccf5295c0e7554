// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

TEST_CASE("scale arithmetic: scaling up adds slots, scaling down stops the highest") {
  Stage stage({service("a", 2)});
  stage.begin().all_ready().clear();
  stage.command(CommandKind::Scale, "a", 4);
  REQUIRE(stage.accepted.back().message == "scaling a from 2 to 4");
  REQUIRE(stage.spawns.size() == 2);
  stage.all_ready();
  REQUIRE(stage.replies.back().message == "a scaled from 2 to 4");
  REQUIRE(stage.program("a").ready == 4);
  stage.clear().command(CommandKind::Scale, "a", 1);
  REQUIRE(stage.signals_to(stage.of("a.0")).empty());
  for (const char* slot : {"a.1", "a.2", "a.3"}) {
    REQUIRE(stage.signals_to(stage.of(slot)) == std::vector<int>{15, 18});
    stage.exit(slot, 0);
  }
  REQUIRE(stage.program("a").slots.size() == 1);
  REQUIRE(stage.program("a").wanted == 1);
}

TEST_CASE("a slot that comes back continues its count of incarnations") {
  Stage stage({service("a", 2)});
  stage.begin().all_ready().command(CommandKind::Scale, "a", 1).exit("a.1", 0);
  stage.command(CommandKind::Scale, "a", 2);
  REQUIRE(stage.slot("a.1").incarnation == 2);
}

TEST_CASE("down and up again while the process still stops: one process at a time") {
  Stage stage({service("a", 2)});
  stage.begin().all_ready().command(CommandKind::Scale, "a", 1).clear();
  stage.command(CommandKind::Scale, "a", 2);
  REQUIRE(stage.spawns.empty());
  stage.exit("a.1", 0);
  REQUIRE(stage.state("a.1") == "starting");
  REQUIRE(stage.slot("a.1").incarnation == 2);
}

TEST_CASE("scaling down removes slots in backoff at once") {
  Stage stage({service("a", 3)});
  stage.begin().exit("a.2", 1).command(CommandKind::Scale, "a", 2);
  REQUIRE(stage.program("a").slots.size() == 2);
  stage.advance(1h);
  REQUIRE(stage.program("a").slots.size() == 2);
}

TEST_CASE("to zero and back") {
  Stage stage({service("a", 2)});
  stage.begin().all_ready().command(CommandKind::Scale, "a", 0);
  stage.exit("a.0", 0).exit("a.1", 0);
  REQUIRE(stage.program("a").slots.empty());
  REQUIRE(stage.view().ready);  // nothing is wanted of it
  stage.command(CommandKind::Scale, "a", 1).all_ready();
  REQUIRE(stage.program("a").ready == 1);
}

TEST_CASE("scale refuses what it cannot do") {
  Stage stage({service("a"), oneshot("once")});
  stage.begin();
  stage.command(CommandKind::Scale, "a.0", 2);
  REQUIRE(stage.replies.back().message == "scale takes a program, not a slot: a");
  stage.command(CommandKind::Scale, "once", 2);
  REQUIRE(stage.replies.back().message == "once is a oneshot: it cannot be scaled");
  stage.command(CommandKind::Scale, "a", 4'000'000'000);
  REQUIRE(stage.replies.back().message == "4000000000 replicas are too many; the maximum is 10000");
  for (const Reply& reply : stage.replies)
    REQUIRE_FALSE(reply.ok);
  stage.command(CommandKind::Scale, "a", 1);
  REQUIRE(stage.replies.back().ok);
  REQUIRE(stage.replies.back().message == "a already has 1 replica");
}
