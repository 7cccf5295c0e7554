// SPDX-License-Identifier: Apache-2.0
// A reload is one operation with one outcome.
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program version(config::Program program, const std::string& command) {
  program.command = {command};
  return program;
}

// A migration, a program that has nothing to do with the change, and one that comes after both.
std::vector<config::Program> chain(const std::string& v) {
  return {version(oneshot("mig"), "/bin/mig-" + v), after(service("mid"), {"mig"}),
          after(version(service("api"), "/bin/api-" + v), {"mid"})};
}

Stage running_chain() {
  Stage stage(chain("v1"));
  stage.begin().exit("mig.0", 0).ready("mid.0").ready("api.0").advance(1min).clear();
  return stage;
}

std::string made_from(const Spawn& spawn) {
  return spawn.program->command[0];
}

}  // namespace

TEST_CASE("reload: a changed oneshot runs first, and what comes after it rolls when it is done") {
  Stage stage = running_chain();
  stage.reload(chain("v2"));
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(made_from(stage.spawns[0]) == "/bin/mig-v2");
  REQUIRE(stage.replies.empty());
  REQUIRE(stage.view().reloading);
  stage.exit("mig.0", 0);
  REQUIRE(stage.spawns.size() == 2);  // along a chain, through a program that has not changed
  REQUIRE(made_from(stage.spawns[1]) == "/bin/api-v2");
  stage.ready("api.0").retiring_exit("api.0");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].ok);
  REQUIRE_FALSE(stage.view().reloading);
  REQUIRE(stage.slot("mid.0").incarnation == 1);
  REQUIRE(stage.program("api").differs.empty());
}

TEST_CASE(
    "reload: if a oneshot fails, the rolls after it are given up and nothing runs by itself") {
  Stage stage = running_chain();
  stage.reload(chain("v2")).exit("mig.0", 1);
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message ==
          "the reload has failed; what runs differs from the file in mig (command), api (command)\n"
          "! mig: mig.0 (incarnation 2) died: exit 1 after 0ms\n"
          "! api: given up, because mig has failed\n"
          "~ mig: command (rolling restart)\n~ api: command (rolling restart)");
  stage.advance(1h);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.state("mig.0") == "failed");
  REQUIRE(stage.slot("api.0").incarnation == 1);
  REQUIRE(stage.view().ready);  // what has served serves on
  REQUIRE(stage.program("mig").differs == std::vector<std::string>{"command"});
  REQUIRE(stage.program("api").differs == std::vector<std::string>{"command"});

  SECTION("the same file again is another try") {
    stage.clear().reload(chain("v2"));
    REQUIRE(stage.accepted[0].message ==
            "~ mig: command (rolling restart)\n~ api: command (rolling restart)");
    stage.exit("mig.0", 0).ready("api.0").retiring_exit("api.0");
    REQUIRE(stage.replies[0].ok);
    REQUIRE(stage.program("api").differs.empty());
  }
  SECTION("the old file again makes everything true at once") {
    stage.clear().reload(chain("v1"));
    REQUIRE(stage.replies[0].ok);
    REQUIRE(stage.replies[0].message ==
            "~ mig: command (nothing to restart)\n~ api: command (nothing to restart)");
    REQUIRE(stage.spawns.empty());
    REQUIRE(stage.state("mig.0") == "done");
    REQUIRE(stage.program("api").differs.empty());
  }
  SECTION("a person can finish it by hand") {
    stage.clear().command(CommandKind::Start, "mig").exit("mig.0", 0);
    REQUIRE(stage.replies[0].ok);
    REQUIRE(stage.program("mig").differs.empty());
    stage.command(CommandKind::Restart, "api");
    REQUIRE(made_from(stage.spawns[1]) == "/bin/api-v2");
  }
}

TEST_CASE("reload: services roll in the order of after, and a failed one ends those after it") {
  const auto stack = [](const std::string& v) {
    return std::vector{after(version(service("c"), v), {"b"}),
                       after(version(service("b"), v), {"a"}), version(service("a"), v),
                       version(service("alone"), v)};
  };
  Stage stage(stack("v1"));
  stage.begin().all_ready().advance(1min).clear();
  stage.reload(stack("v2"));
  REQUIRE(stage.slot("a.0").incarnation == 2);
  REQUIRE(stage.slot("alone.0").incarnation == 2);
  REQUIRE(stage.slot("b.0").incarnation == 1);
  stage.exit("a.0", 1);
  REQUIRE(stage.replies.empty());  // one is still at work
  stage.ready("alone.0").retiring_exit("alone.0");
  REQUIRE_FALSE(stage.replies[0].ok);
  for (const char* kept : {"a.0", "b.0", "c.0"}) {
    REQUIRE(stage.state(kept) == "ready");
    REQUIRE(stage.slot(kept).incarnation == 1);
  }
  REQUIRE(stage.program("alone").differs.empty());
}

TEST_CASE("reload: after a failed roll, start and a crash use what was accepted, never the old") {
  Stage stage({version(service("a", 2), "v1")});
  stage.begin().all_ready().advance(1min);
  stage.reload({version(service("a", 2), "v2")}).exit("a.0", 1).clear();
  REQUIRE(stage.program("a").config->command[0] == "v2");
  REQUIRE(stage.program("a").ready == 2);
  SECTION("stop and start") {
    stage.command(CommandKind::Stop, "a").exit("a.0", 0).exit("a.1", 0);
    stage.command(CommandKind::Start, "a");
  }
  SECTION("a crash") {
    stage.die("a.0", 9).die("a.1", 9).advance(1s);
  }
  SECTION("restart") {
    stage.command(CommandKind::Restart, "a").ready("a.0").retiring_exit("a.0");
  }
  REQUIRE(stage.spawns.size() == 2);
  for (const Spawn& spawn : stage.spawns)
    REQUIRE(made_from(spawn) == "v2");
}

TEST_CASE("reload: a crash of a program whose turn has not come restarts it as it was") {
  Stage stage = running_chain();
  stage.reload(chain("v2")).die("api.0", 9);
  REQUIRE(made_from(stage.spawns.back()) == "/bin/api-v1");
  stage.ready("api.0").exit("mig.0", 0);
  REQUIRE(made_from(stage.spawns.back()) == "/bin/api-v2");
}

TEST_CASE(
    "reload: an added program waits for the changed ones before it, and is part of the outcome") {
  Stage stage({version(oneshot("mig"), "v1")});
  stage.begin().exit("mig.0", 0).clear();
  stage.reload({version(oneshot("mig"), "v2"), after(service("new"), {"mig"})});
  REQUIRE(stage.state("new.0") == "stopped");
  SECTION("it starts after them, and the outcome is known when it is ready") {
    stage.exit("mig.0", 0);
    REQUIRE(stage.state("new.0") == "starting");
    REQUIRE(stage.replies.empty());
    stage.ready("new.0");
    REQUIRE(stage.replies[0].ok);
  }
  SECTION("its failure is the reload's") {
    stage.exit("mig.0", 0).exit("new.0", 1);
    REQUIRE_FALSE(stage.replies[0].ok);
  }
  SECTION("it is not started after a migration that has failed, until that succeeds") {
    stage.exit("mig.0", 1).advance(1h);
    REQUIRE_FALSE(stage.replies[0].ok);
    REQUIRE(stage.state("new.0") == "stopped");
    REQUIRE(stage.slot("new.0").status == "waiting for mig");
    stage.command(CommandKind::Start, "mig").exit("mig.0", 0);
    REQUIRE(stage.state("new.0") == "starting");
  }
}

TEST_CASE("reload: one at a time; the newest of those that wait is the next") {
  Stage stage({version(service("a"), "v1")});
  stage.begin().all_ready().clear();
  for (const char* v : {"v2", "v3", "v4"})
    stage.reload({version(service("a"), v)});
  REQUIRE(stage.replies.empty());
  stage.ready("a.0").retiring_exit("a.0");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(made_from(stage.spawns.back()) == "v4");
  stage.ready("a.0").retiring_exit("a.0");
  REQUIRE(stage.replies.size() == 3);
  REQUIRE(stage.spawns.size() == 2);
}

TEST_CASE("reload: what waits does not undo a scale by hand that came after it") {
  const auto replicas = [](std::uint32_t count) { return version(service("a", count), "v2"); };
  Stage stage({version(service("a"), "v1")});
  stage.begin().all_ready().clear();
  stage.reload({replicas(1)}).reload({replicas(3)});  // the first replaces a.0, the second waits
  stage.command(CommandKind::Scale, "a", 2);
  REQUIRE(stage.program("a").wanted == 2);
  SECTION("that reload") {
    stage.ready("a.0").retiring_exit("a.0").all_ready();
    REQUIRE(stage.program("a").wanted == 2);
    // It has had its turn: the next change of the number counts.
    stage.reload({replicas(5)});
    REQUIRE(stage.program("a").wanted == 5);
  }
  SECTION("but one that came after the scale does") {
    stage.reload({replicas(4)});
    stage.ready("a.0").retiring_exit("a.0").all_ready();
    REQUIRE(stage.program("a").wanted == 4);
  }
}

TEST_CASE("reload: one that waited and has nothing to do is answered with the one before it") {
  Stage stage = running_chain();
  stage.reload(chain("v2")).reload(chain("v2"));
  stage.exit("mig.0", 0).ready("api.0").retiring_exit("api.0");
  REQUIRE(stage.replies.size() == 2);
  REQUIRE(stage.replies[1].message == "nothing changed");
  REQUIRE_FALSE(stage.view().reloading);
}

TEST_CASE("reload: a stop by hand ends its part, and a shutdown all of it") {
  Stage stage = running_chain();
  stage.reload(chain("v2"));
  SECTION("stop") {
    stage.command(CommandKind::Stop, "mig").exit("mig.0", 0);
    REQUIRE(stage.replies.size() == 2);
    REQUIRE_FALSE(stage.replies[0].ok);
    REQUIRE(stage.slot("api.0").incarnation == 1);
  }
  SECTION("shutdown") {
    stage.reload(chain("v3")).send(ShutdownRequested{15});
    REQUIRE(stage.replies.size() == 2);
    for (const Reply& reply : stage.replies)
      REQUIRE_FALSE(reply.ok);
  }
}
