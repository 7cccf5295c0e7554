// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

TEST_CASE("a reload that changes nothing touches nothing") {
  Stage stage({service("a", 2), oneshot("once")});
  stage.begin().all_ready().exit("once.0", 0).clear();
  stage.reload({service("a", 2), oneshot("once")});
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == "nothing changed");
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.reports.empty());
}

TEST_CASE("added, removed and changed programs; the reply is the diff") {
  Stage stage({service("a"), service("gone"), service("kept")});
  stage.begin().all_ready().clear();
  config::Program a = service("a");
  a.command = {"/bin/other"};
  config::Program added = service("new");
  added.after = {"kept"};
  stage.reload({service("kept"), a, added});
  REQUIRE(stage.accepted[0].message == "- gone\n~ a: command (rolling restart)\n+ new");
  REQUIRE(stage.state("gone.0") == "stopping");
  REQUIRE(stage.state("new.0") == "starting");
  REQUIRE(stage.slot("a.0").retiring_incarnation == 1);
  REQUIRE(stage.slot("kept.0").incarnation == 1);
  stage.exit("gone.0", 0);
  REQUIRE(stage.program("gone").id == 0);
  stage.ready("a.0").retiring_exit("a.0");
  REQUIRE(stage.count(EventKind::RollingDone) == 1);
  REQUIRE(stage.replies.empty());  // the reload is over when all of its work is
  stage.ready("new.0");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message == stage.accepted[0].message);
  const FleetView view = stage.view();
  REQUIRE(view.programs.size() == 3);
  REQUIRE(view.programs[0].config->name == "kept");  // the order of the new file
}

TEST_CASE("a view that was taken stays as it was, and shares what has not changed") {
  Stage stage({service("a"), service("b")});
  stage.begin().all_ready();
  const FleetView before = stage.view();
  config::Program changed = service("a");
  changed.stop_timeout = 3s;
  stage.reload({changed, service("b")});
  const FleetView after = stage.view();
  REQUIRE(before.programs[0].config->stop_timeout == service("a").stop_timeout);
  REQUIRE(after.programs[0].config->stop_timeout == 3s);
  REQUIRE(after.programs[1].config == before.programs[1].config);
}

TEST_CASE("thresholds change under running processes, without a restart") {
  config::Program before = service("a");
  before.watchdog = 30s;
  Stage stage({before, service("slow")});
  stage.begin().ready("a.0");
  config::Program after = before;
  after.watchdog = 50s;
  after.stop_timeout = 2s;
  config::Program slow = service("slow");
  slow.ready_timeout = 90s;
  stage.clear().reload({after, slow});
  REQUIRE(stage.replies[0].message == "~ a: watchdog, stop_timeout\n~ slow: ready_timeout");
  stage.advance(49s);
  REQUIRE(stage.signals.empty());
  stage.advance(1s);
  REQUIRE(stage.count(EventKind::Hung) == 1);
  stage.advance(39s);
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 0);
  stage.advance(1s);
  REQUIRE(stage.count(EventKind::ReadyTimeout) == 1);
  REQUIRE(stage.spawns.empty());
}

TEST_CASE("a running process is never held to a watchdog that it does not know") {
  config::Program watched = service("watched");
  watched.watchdog = 30s;
  Stage stage({service("unwatched"), watched});
  stage.begin().all_ready().clear();
  config::Program turned_on = service("unwatched");
  turned_on.watchdog = 10s;
  config::Program shorter = watched;
  shorter.watchdog = 10s;
  stage.reload({turned_on, shorter}).advance(29s);
  REQUIRE(stage.signals.empty());
  stage.advance(1s);
  REQUIRE(stage.signals_to(stage.of("watched.0")) == std::vector<int>{SIGABRT, SIGCONT});
  REQUIRE(stage.signals_to(stage.of("unwatched.0")).empty());
}

TEST_CASE("a watchdog that is turned off is off at once") {
  config::Program watched = service("a");
  watched.watchdog = 30s;
  Stage stage({watched});
  stage.begin().all_ready().clear().reload({service("a")}).advance(1h);
  REQUIRE(stage.signals.empty());
}

TEST_CASE("replicas in the file scale; a scale by hand stays unless the file's number changes") {
  Stage stage({service("a", 2)});
  stage.begin().all_ready().command(CommandKind::Scale, "a", 4).all_ready();
  config::Program longer = service("a", 2);
  longer.stop_timeout = 11s;
  stage.reload({longer});
  REQUIRE(stage.program("a").wanted == 4);
  longer.replicas = 3;
  stage.reload({longer});
  REQUIRE(stage.accepted.back().message == "~ a: replicas 2 -> 3");
  REQUIRE(stage.program("a").wanted == 3);
  REQUIRE(stage.state("a.3") == "stopping");
  stage.exit("a.3", 0);
  REQUIRE(stage.replies.back().message == "~ a: replicas 2 -> 3");
}

TEST_CASE(
    "a changed program that a person stopped stays stopped and starts with the new settings") {
  Stage stage({service("a")});
  stage.begin().all_ready().command(CommandKind::Stop, "a").exit("a.0", 0).clear();
  config::Program changed = service("a");
  changed.command = {"/bin/other"};
  stage.reload({changed});
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.program("a").config->command == changed.command);
}

TEST_CASE("a program that comes back waits until its namesake is gone") {
  Stage stage({service("a")});
  stage.begin().all_ready();
  const ProcessId old = stage.of("a.0");
  stage.clear().reload({oneshot("a")});
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.view().programs[0].slots[0].status ==
          "waiting for the removed program of this name to exit");
  stage.send(Exited{old, ExitStatus{}});
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.spawns[0].process.slot.program != old.slot.program);
  REQUIRE(stage.spawns[0].process.incarnation == 2);
}

TEST_CASE("incarnations continue when a program comes back under its name") {
  Stage stage({service("a", 2), service("b")});
  stage.begin().all_ready().die("a.1", 9).advance(1s).all_ready();
  const ProcessId first = stage.of("a.0");
  const ProcessId second = stage.of("a.1");
  REQUIRE(second.incarnation == 2);
  stage.reload({service("b")}).send(Exited{first, ExitStatus{}}).send(Exited{second, ExitStatus{}});
  REQUIRE(stage.view().programs.size() == 1);
  stage.clear().reload({service("a", 2), service("b")});
  REQUIRE(stage.spawns.size() == 2);
  CHECK(stage.of("a.0").incarnation == 2);
  CHECK(stage.of("a.1").incarnation == 3);
}

TEST_CASE("of two removed programs the dependant stops first") {
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({service("a"), b});
  stage.begin().all_ready().clear().reload({});
  REQUIRE(stage.state("a.0") == "ready");
  stage.exit("b.0", 0);
  REQUIRE(stage.state("a.0") == "stopping");
  stage.exit("a.0", 0);
  REQUIRE(stage.view().programs.empty());
}

TEST_CASE("a removed program that waits for its dependants starts nothing meanwhile") {
  config::Program b = service("b");
  b.after = {"a"};
  Stage stage({service("a", 2), b});
  stage.begin().all_ready().exit("a.1", 1).clear().reload({});
  stage.advance(5s);
  REQUIRE(stage.state("a.1") == "stopped");
  REQUIRE(stage.spawns.empty());
}

TEST_CASE("removing a program that is being rolled answers the roll") {
  Stage stage({service("a")});
  stage.begin().all_ready().clear().command(CommandKind::Restart, "a");
  const ProcessId old = stage.retiring("a.0");
  const ProcessId fresh = stage.of("a.0");
  stage.reload({});
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  stage.send(Exited{old, {}}).send(Exited{fresh, {}});
  REQUIRE(stage.replies[1].message == "- a");
}

TEST_CASE("a service that becomes a oneshot is another program, which waits for the first to end") {
  Stage stage({service("a")});
  stage.begin().all_ready().clear();
  const ProcessId old = stage.of("a.0");
  stage.reload({oneshot("a")});
  REQUIRE(stage.accepted[0].message == "~ a: type\n+ a");
  REQUIRE(stage.signals_to(old) == std::vector<int>{15, 18});
  REQUIRE(stage.spawns.empty());  // no surge: a oneshot beside a service is two jobs at a time
  stage.send(Exited{old, ExitStatus{}});
  REQUIRE(stage.state("a.0") == "starting");
  stage.exit("a.0", 0);
  REQUIRE(stage.state("a.0") == "done");
  stage.reload({service("a")}).ready("a.0");
  REQUIRE(stage.state("a.0") == "ready");
}

TEST_CASE("the supervisor's own limits change with a reload") {
  config::Supervisor one;
  one.max_starting = 1;
  Stage stage({service("a", 4)}, one);
  stage.begin();
  REQUIRE(stage.spawns.size() == 1);
  config::Supervisor three;
  three.max_starting = 3;
  stage.reload({service("a", 4)}, three);
  REQUIRE(stage.replies[0].message == "~ supervisor: max_starting");
  REQUIRE(stage.spawns.size() == 3);
}

TEST_CASE("a reload that turns autostart on starts the program, in its turn") {
  config::Program db = service("db");
  config::Program tool = service("tool");
  tool.autostart = false;
  tool.after = {"db"};
  Stage stage({db, tool});
  stage.begin().all_ready().clear();
  config::Program added = tool;
  added.name = "added";
  stage.reload({db, tool, added});
  REQUIRE(stage.replies.size() == 1);  // nothing to wait for
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.state("added.0") == "stopped");
  stage.clear();

  db.command = {"/bin/other"};
  tool.autostart = true;
  stage.reload({db, tool, added});
  REQUIRE(stage.state("tool.0") == "stopped");  // first the new db
  stage.ready("db.0").retiring_exit("db.0");
  REQUIRE(stage.state("tool.0") == "starting");
  REQUIRE(stage.replies.empty());
  stage.ready("tool.0");
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].ok);

  tool.autostart = false;
  stage.reload({db, tool, added});
  REQUIRE(stage.state("tool.0") == "ready");
  REQUIRE_FALSE(stage.program("tool").dormant);
}

TEST_CASE("a reload does not start what a command has stopped, if autostart was on") {
  config::Program a = service("a");
  Stage stage({a});
  stage.begin().all_ready().command(CommandKind::Stop, "a").exit("a.0", 0).clear();
  a.stop_timeout = 3s;
  stage.reload({a});
  REQUIRE(stage.state("a.0") == "stopped");
  REQUIRE(stage.slot("a.0").stopped_by_hand);
}

TEST_CASE("a good reload tries again what had given up for its configuration, and only that") {
  config::Program never = service("never");
  never.restart = config::RestartPolicy::Never;
  Stage stage({service("web", 2), never, oneshot("migrate")});
  stage.begin().ready("web.0").exit("web.1", 78).exit("never.0", 1).exit("migrate.0", 78);
  REQUIRE(stage.state("web.1") == "failed");
  REQUIRE(stage.state("migrate.0") == "failed");
  stage.clear().reload({service("web", 2), never, oneshot("migrate")});
  REQUIRE(stage.spawns.size() == 2);
  REQUIRE(stage.accepted[0].message ==
          "~ web: tried again after exit 78\n~ migrate: tried again after exit 78");
  REQUIRE(stage.slot("web.0").incarnation == 1);
  REQUIRE(stage.slot("never.0").incarnation == 1);
  stage.ready("web.1");
  REQUIRE(stage.replies.empty());  // over when all of its work is
  stage.exit("migrate.0", 0);
  REQUIRE(stage.replies.size() == 1);
  REQUIRE(stage.replies[0].ok);
  REQUIRE(stage.state("web.1") == "ready");
  REQUIRE(stage.state("migrate.0") == "done");
}

TEST_CASE("a reload that did not mend the configuration fails, and says why") {
  Stage stage({service("web")});
  stage.begin().exit("web.0", 78).clear().reload({service("web")});
  stage.exit("web.0", 78);
  REQUIRE(stage.replies.size() == 1);
  REQUIRE_FALSE(stage.replies[0].ok);
  REQUIRE(stage.replies[0].message.find("web.0 (incarnation 2) died: exit 78") !=
          std::string::npos);
  stage.clear().reload({service("web")});  // and the next one tries again
  REQUIRE(stage.spawns.size() == 1);
}

TEST_CASE("what was stopped by a person stays stopped at a reload, whatever it had exited with") {
  Stage stage({service("web")});
  stage.begin().exit("web.0", 78).command(CommandKind::Stop, "web").clear();
  stage.reload({service("web")});
  REQUIRE(stage.spawns.empty());
  REQUIRE(stage.state("web.0") == "stopped");
}
