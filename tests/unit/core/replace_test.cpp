// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

// A program whose port only one process can have.
config::Program exclusive(std::uint32_t replicas = 1, const std::string& version = "v1") {
  config::Program program = service("a", replicas);
  program.command = {"/bin/a", version};
  program.replace = config::Replace::StopFirst;
  return program;
}

const std::string& version_of(const Spawn& spawn) {
  return spawn.program->command.back();
}

}  // namespace

TEST_CASE("replace: the old process has ended before its successor is started") {
  Stage stage({exclusive(2)});
  stage.begin().all_ready().clear().command(CommandKind::Restart, "a");
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{SIGTERM, SIGCONT});
  REQUIRE(stage.signals_to(stage.of("a.1")).empty());
  stage.exit("a.0", 0);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.signals_to(stage.of("a.1")).empty());  // until that is ready
  stage.ready("a.0");
  REQUIRE(stage.signals_to(stage.of("a.1")).size() == 2);
  stage.exit("a.1", 0).ready("a.1");
  REQUIRE(stage.replies.back().ok);
  REQUIRE(stage.of("a.0").incarnation == 2);
  REQUIRE(stage.of("a.1").incarnation == 2);
}

TEST_CASE(
    "replace: if the new one fails, the former one is started again, and the roll has failed") {
  Stage stage({exclusive()});
  stage.begin().all_ready().clear().reload({exclusive(1, "v2")}).exit("a.0", 0);
  REQUIRE(version_of(stage.spawns.back()) == "v2");
  SECTION("it exits") {
    stage.exit("a.0", 1);
  }
  SECTION("it is not ready in time") {
    stage.advance(1min).exit("a.0", 0);
  }
  SECTION("it cannot be started") {
    stage.exit("a.0", 1);
    REQUIRE(version_of(stage.spawns.back()) == "v1");
  }
  REQUIRE(version_of(stage.spawns.back()) == "v1");
  REQUIRE(stage.replies.empty());  // until that is known to serve
  stage.ready("a.0");
  REQUIRE(stage.state("a.0") == "ready");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE_THAT(stage.replies[0].message, Catch::Contains("what it had replaced runs again"));
  REQUIRE(stage.program("a").differs == std::vector<std::string>{"command"});
  // From then on it is the configuration that was accepted.
  stage.advance(1h).die("a.0", SIGSEGV);
  REQUIRE(version_of(stage.spawns.back()) == "v2");
}

TEST_CASE("replace: the slots after one that failed keep what they run") {
  Stage stage({exclusive(2)});
  stage.begin().all_ready().reload({exclusive(2, "v2")}).exit("a.0", 0).exit("a.0", 1);
  stage.ready("a.0").advance(1min);
  REQUIRE(stage.of("a.1").incarnation == 1);
  REQUIRE(stage.program("a").ready == 2);
}

TEST_CASE("replace: what was started again and fails as well is tried again") {
  Stage stage({exclusive()});
  stage.begin().all_ready().reload({exclusive(1, "v2")}).exit("a.0", 0).exit("a.0", 1);
  REQUIRE(version_of(stage.spawns.back()) == "v1");
  stage.exit("a.0", 1);  // its port is not free yet
  REQUIRE_FALSE(stage.replies.back().ok);
  REQUIRE_THAT(stage.replies.back().message, Catch::Contains("did not start either"));
  stage.advance(10s);
  REQUIRE(version_of(stage.spawns.back()) == "v1");
  stage.ready("a.0");
  REQUIRE(stage.state("a.0") == "ready");
}

TEST_CASE("replace: with nothing changed a failed restart is left to the restart policy") {
  Stage stage({exclusive()});
  stage.begin().all_ready().command(CommandKind::Restart, "a").exit("a.0", 0).exit("a.0", 1);
  REQUIRE_FALSE(stage.replies.back().ok);
  REQUIRE(stage.state("a.0") == "backoff");
  stage.advance(1s);
  REQUIRE(stage.state("a.0") == "starting");
}

TEST_CASE("replace: a stop while the former one comes back ends the roll") {
  Stage stage({exclusive()});
  stage.begin().all_ready().reload({exclusive(1, "v2")}).exit("a.0", 0).exit("a.0", 1);
  SECTION("of the program") {
    stage.command(CommandKind::Stop, "a");
  }
  SECTION("of the slot") {
    stage.command(CommandKind::Stop, "a.0");
  }
  stage.exit("a.0", 0);
  REQUIRE(stage.state("a.0") == "stopped");
  REQUIRE_FALSE(stage.program("a").rolling);
  REQUIRE_FALSE(stage.view().reloading);
  stage.command(CommandKind::Start, "a");
  REQUIRE(version_of(stage.spawns.back()) == "v2");
}

TEST_CASE("min_ready_time: the old process is stopped when the new one has stayed ready for it") {
  config::Program program = service("a");
  program.min_ready_time = 5s;
  Stage stage({program});
  stage.begin().all_ready().command(CommandKind::Restart, "a").ready("a.0").clear();
  stage.advance(4'999ms);
  REQUIRE(stage.signals.empty());
  SECTION("it does") {
    stage.advance(1ms);
    REQUIRE(stage.signals_to(stage.retiring("a.0")).size() == 2);
    stage.retiring_exit("a.0");
    REQUIRE(stage.replies.back().ok);
  }
  SECTION("it dies before") {
    stage.die("a.0", SIGSEGV);
    REQUIRE(stage.of("a.0").incarnation == 1);
    REQUIRE_FALSE(stage.replies.back().ok);
  }
}

TEST_CASE("min_ready_time: under stop-first it is the time before the next slot") {
  config::Program program = exclusive(2);
  program.min_ready_time = 5s;
  config::Program next = exclusive(2, "v2");
  next.min_ready_time = 5s;
  Stage stage({program});
  stage.begin().all_ready().reload({next}).exit("a.0", 0).ready("a.0").advance(4s);
  REQUIRE(stage.signals_to(stage.of("a.1")).empty());
  SECTION("it stays ready") {
    stage.advance(1s);
    REQUIRE(stage.signals_to(stage.of("a.1")).size() == 2);
  }
  SECTION("it dies before, and the former one comes back") {
    stage.die("a.0", SIGSEGV);
    REQUIRE(version_of(stage.spawns.back()) == "v1");
    stage.ready("a.0");
    REQUIRE(stage.signals_to(stage.of("a.1")).empty());
    REQUIRE_FALSE(stage.replies.back().ok);
  }
}
