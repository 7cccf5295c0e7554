// SPDX-License-Identifier: Apache-2.0
// Commands about several programs.
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program in_group(config::Program program, std::string group) {
  program.groups = {std::move(group)};
  return program;
}

// web after api after db, written the other way round, and one that nothing depends on.
std::vector<config::Program> web_api_db() {
  return {after(service("web"), {"api"}), after(service("api"), {"db"}), service("db"),
          service("alone")};
}

const Reply& last_reply(const Stage& stage) {
  REQUIRE_FALSE(stage.replies.empty());
  return stage.replies.back();
}

}  // namespace

TEST_CASE("stop of several: dependants first, one answer when all are gone") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command(CommandKind::Stop, "all");
  REQUIRE(stage.accepted.size() == 1);
  REQUIRE(stage.accepted[0].message == "stopping 4 programs: web, alone, api, db");
  REQUIRE(stage.state("web.0") == "stopping");
  REQUIRE(stage.state("alone.0") == "stopping");
  REQUIRE(stage.state("api.0") == "ready");
  stage.exit("web.0", 0);
  REQUIRE(stage.state("api.0") == "stopping");
  REQUIRE(stage.state("db.0") == "ready");
  stage.exit("api.0", 0);
  REQUIRE(stage.state("db.0") == "stopping");
  stage.exit("db.0", 0);
  REQUIRE(stage.replies.empty());
  stage.exit("alone.0", 0);
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message == "stopped web\nstopped alone\nstopped api\nstopped db");
}

TEST_CASE("start of several: dependencies first, and each is ready before the next one starts") {
  Stage stage(web_api_db());
  stage.begin().all_ready().command(CommandKind::Stop, "all");
  for (const char* slot : {"web.0", "alone.0", "api.0", "db.0"})
    stage.exit(slot, 0);
  stage.clear().command_all(CommandKind::Start, {"web", "db", "api"});
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.state("db.0") == "starting");
  stage.ready("db.0");
  REQUIRE(stage.state("api.0") == "starting");
  REQUIRE(stage.state("web.0") == "stopped");
  stage.ready("api.0");
  REQUIRE(stage.state("web.0") == "starting");
  REQUIRE(stage.replies.empty());
  stage.ready("web.0");
  REQUIRE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message == "db is started\napi is started\nweb is started");
  REQUIRE(stage.state("alone.0") == "stopped");
}

TEST_CASE("a restart of several rolls one after the other along any chain") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Restart, {"web", "db"});
  REQUIRE(stage.spawns.size() == 1);
  stage.ready("db.0").retiring_exit("db.0");
  REQUIRE(stage.spawns.size() == 2);  // web comes after db, through api
  REQUIRE(stage.slot("api.0").incarnation == 1);
  stage.ready("web.0").retiring_exit("web.0");
  REQUIRE(last_reply(stage).ok);
}

TEST_CASE("what comes after one that could not be started is given up, and the answer says which") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command(CommandKind::Restart, "all");
  stage.ready("alone.0").retiring_exit("alone.0");
  stage.exit("db.0", 1);  // the new one; the old one serves on
  REQUIRE(stage.replies.size() == 1);
  const Reply& reply = last_reply(stage);
  REQUIRE_FALSE(reply.ok);
  CHECK(reply.message.starts_with("3 of 4 programs failed: db, api, web\n! db: "));
  CHECK(reply.message.find("\n! api: given up, because db has failed") != std::string::npos);
  CHECK(reply.message.find("\n! web: given up, because") != std::string::npos);
  CHECK(reply.message.ends_with("\nalone: 1 slot restarted in 0ms"));
  CHECK(stage.state("db.0") == "ready");
  CHECK(stage.slot("web.0").incarnation == 1);
}

TEST_CASE("a stop goes on though one of its programs does not end") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Stop, {"api", "db"});
  stage.advance(10s + 10s);  // api survives SIGKILL
  REQUIRE(stage.state("api.0") == "stopping");
  REQUIRE(stage.state("db.0") == "stopping");
  stage.exit("db.0", 0);
  REQUIRE_FALSE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message.starts_with("1 of 2 programs failed: api\n! api: "));
}

TEST_CASE("a name of nothing refuses the whole command before anything is touched") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Stop, {"web", "wbe"});
  REQUIRE(stage.signals.empty());
  REQUIRE_FALSE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message ==
          "no program 'wbe'; did you mean 'web'?; known programs: web, api, db, alone");
}

TEST_CASE("several that have nothing to do are answered at once") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Start, {"web", "db"});
  REQUIRE(stage.accepted.empty());
  REQUIRE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message == "db is already started\nweb is already started");
}

TEST_CASE("groups and workers of several programs in one command") {
  Stage stage({in_group(service("a", 2), "g"), in_group(service("b"), "g"), service("c")});
  stage.begin().all_ready().clear().command(CommandKind::Stop, "group:g");
  CHECK(stage.state("a.1") == "stopping");
  CHECK(stage.state("b.0") == "stopping");
  CHECK(stage.state("c.0") == "ready");
  stage.exit("a.0", 0).exit("a.1", 0).exit("b.0", 0);
  stage.command_all(CommandKind::Start, {"a.1", "b.0"}).ready("a.1").ready("b.0");
  REQUIRE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message == "a.1 is started\nb.0 is started");
  REQUIRE(stage.state("a.0") == "stopped");
}

TEST_CASE("a program that is removed before its turn has come fails, and the rest goes on") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Stop, {"web", "api"});
  stage.reload({after(service("web"), {"db"}), service("db"), service("alone")});
  stage.exit("web.0", 0);
  const auto answer = std::find_if(
      stage.replies.begin(), stage.replies.end(),
      [](const Reply& reply) { return reply.message.find("! api") != reply.message.npos; });
  REQUIRE(answer != stage.replies.end());
  REQUIRE(answer->message ==
          "1 of 2 programs failed: api\n! api: it has been removed\nstopped web");
}

TEST_CASE("a later command takes the place of what has not begun") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Stop, {"web", "db"});
  stage.command(CommandKind::Start, "db");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].message == "db is already started");
  stage.exit("web.0", 0);
  REQUIRE(stage.state("db.0") == "ready");
  REQUIRE_FALSE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message ==
          "1 of 2 programs failed: db\n! db: given up for a later command\nstopped web");
}

TEST_CASE("a shutdown gives up what has not begun, and answers") {
  Stage stage(web_api_db());
  stage.begin().all_ready().clear().command_all(CommandKind::Restart, {"db", "api"});
  stage.send(ShutdownRequested{15});
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message.find("! api: given up: shutting down") != std::string::npos);
}

TEST_CASE("scale takes several programs; one that cannot be scaled fails alone") {
  Stage stage({service("a"), service("b"), oneshot("c")});
  stage.begin().all_ready().exit("c.0", 0).clear().command(CommandKind::Scale, "*", 2);
  stage.all_ready();
  REQUIRE(stage.program("a").wanted == 2);
  REQUIRE(stage.program("b").wanted == 2);
  REQUIRE_FALSE(last_reply(stage).ok);
  REQUIRE(last_reply(stage).message ==
          "1 of 3 programs failed: c\n! c: c is a oneshot: it cannot be scaled\n"
          "a scaled from 1 to 2\nb scaled from 1 to 2");
}

TEST_CASE("a signal goes to the group, or with stop_scope main to the process alone") {
  config::Program alone = service("alone");
  alone.stop_scope = config::StopScope::Main;
  Stage stage({service("web", 2), alone});
  stage.begin().all_ready().clear().signal({"all"}, SIGUSR1);
  REQUIRE(stage.signals.size() == 3);
  CHECK(stage.signals[0].group);
  CHECK(stage.signals[1].group);
  CHECK_FALSE(stage.signals[2].group);
  CHECK(last_reply(stage).ok);
  CHECK(last_reply(stage).message == "SIGUSR1 sent to web.0, web.1\nSIGUSR1 sent to alone.0");
  CHECK(stage.count(EventKind::Signalled) == 3);
}

TEST_CASE("a signal to what does not run fails and says which; one that is done is passed over") {
  Stage stage({service("web", 2), oneshot("once")});
  stage.begin().all_ready().exit("once.0", 0).exit("web.1", 1).clear();
  REQUIRE(stage.state("web.1") == "backoff");
  stage.signal({"web"}, SIGHUP);
  CHECK_FALSE(last_reply(stage).ok);
  CHECK(last_reply(stage).message == "SIGHUP sent to web.0; not sent to web.1: not running");
  stage.signal({"web.1"}, SIGHUP);
  CHECK_FALSE(last_reply(stage).ok);
  CHECK(last_reply(stage).message == "SIGHUP not sent to web.1: not running");
  stage.signal({"once"}, SIGHUP);
  CHECK_FALSE(last_reply(stage).ok);
  CHECK(last_reply(stage).message == "once does not run");
  stage.signal({"web.0", "once*"}, SIGHUP);
  CHECK(last_reply(stage).ok);
  CHECK(last_reply(stage).message == "SIGHUP sent to web.0\nonce does not run");
}
