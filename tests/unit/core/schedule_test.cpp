// SPDX-License-Identifier: Apache-2.0
// Oneshots that run at times.
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program nightly(std::string name = "backup") {
  config::Program program = oneshot(std::move(name));
  program.schedule = "0 3 * * *";
  program.restart = config::RestartPolicy::Never;
  program.required = false;
  return program;
}

Stage& plan(Stage& stage, Duration in, const std::string& due = "03:00") {
  return stage.send(RunPlanned{"backup", stage.now + in, due});
}

}  // namespace

TEST_CASE("a program with a schedule asks for its time and waits; the stack is ready without it") {
  Stage stage({nightly(), service("web")});
  stage.begin().all_ready();
  REQUIRE(stage.plans.size() == 1);
  CHECK(stage.plans[0].program == "backup");
  CHECK_FALSE(stage.plans[0].due);
  CHECK(stage.spawns.size() == 1);  // web
  CHECK(stage.state("backup.0") == "scheduled");
  CHECK(stage.view().ready);
}

TEST_CASE("it runs when it is due, asks for the next time, and remembers how it went") {
  Stage stage({nightly()});
  stage.begin().clear();
  plan(stage, 1h);
  REQUIRE(stage.program("backup").schedule->next_at == stage.now + 1h);
  stage.advance(1h - 1ms);
  REQUIRE(stage.spawns.empty());
  stage.advance(1ms);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.plans.size() == 1);
  CHECK(stage.plans[0].due);
  plan(stage, 24h).advance(5s).exit("backup.0", 0);
  CHECK(stage.state("backup.0") == "done");
  const auto schedule = stage.program("backup").schedule;
  REQUIRE(schedule);
  REQUIRE(schedule->last);
  CHECK(schedule->last->ok);
  CHECK(schedule->last->took == 5s);
  CHECK(schedule->counts == RunCounts{1, 0, 0, 0});
  stage.clear().advance(24h);
  CHECK(stage.spawns.size() == 1);
}

TEST_CASE("a run that fails stays failed, is shown, and the next one runs all the same") {
  Stage stage({nightly()});
  stage.begin();
  plan(stage, 1h).advance(1h);
  plan(stage, 24h).exit("backup.0", 3);
  CHECK(stage.state("backup.0") == "failed");
  CHECK_FALSE(stage.program("backup").schedule->last->ok);
  CHECK(stage.program("backup").schedule->counts.failed == 1);
  CHECK(stage.view().ready);
  stage.clear().advance(23h);
  CHECK(stage.spawns.empty());
  stage.advance(1h);
  CHECK(stage.spawns.size() == 1);
  stage.exit("backup.0", 0);
  CHECK(stage.state("backup.0") == "done");
  CHECK(stage.program("backup").schedule->last->ok);
}

TEST_CASE("restart = on-failure tries again between two times, and a due run takes its place") {
  config::Program program = nightly();
  program.restart = config::RestartPolicy::OnFailure;
  program.backoff_base = program.backoff_cap = 30s;
  Stage stage({program});
  stage.begin();
  plan(stage, 1h).advance(1h);
  plan(stage, 10s).clear().exit("backup.0", 1);
  REQUIRE(stage.state("backup.0") == "backoff");
  stage.advance(10s);
  CHECK(stage.spawns.size() == 1);
  plan(stage, 24h).clear().exit("backup.0", 1).advance(30s);
  CHECK(stage.spawns.size() == 1);  // its back-off has begun anew
}

TEST_CASE("overlap = skip: a run that is due while the last one is going is left out") {
  Stage stage({nightly()});
  stage.begin();
  plan(stage, 1h).advance(1h);
  plan(stage, 1h, "04:00").clear().advance(1h);
  CHECK(stage.spawns.empty());
  CHECK(stage.signals.empty());
  CHECK(stage.message(EventKind::RunSkipped) ==
        "backup.0 (incarnation 1) is still running after 1h: the run of 04:00 is skipped");
  CHECK(stage.program("backup").schedule->counts.skipped == 1);
  CHECK(stage.plans.size() == 1);
  stage.exit("backup.0", 0).advance(1h);
  CHECK(stage.spawns.empty());
}

TEST_CASE("overlap = queue: one run waits for the end of the last one, and no more than one") {
  config::Program program = nightly();
  program.overlap = config::Overlap::Queue;
  Stage stage({program});
  stage.begin();
  plan(stage, 1h).advance(1h);
  plan(stage, 1h, "04:00").clear().advance(1h);
  CHECK(stage.program("backup").schedule->queued);
  CHECK(stage.message(EventKind::RunQueued).ends_with("the run of 04:00 waits"));
  plan(stage, 1h, "05:00").advance(1h);
  CHECK(stage.message(EventKind::RunSkipped).ends_with("the run of 05:00 is skipped"));
  stage.exit("backup.0", 1);
  REQUIRE(stage.spawns.size() == 1);
  stage.exit("backup.0", 0);
  CHECK(stage.spawns.size() == 1);
  CHECK(stage.program("backup").schedule->counts == RunCounts{1, 1, 1, 0});
}

TEST_CASE("overlap = replace: the last run is stopped, and the new one runs when it is gone") {
  config::Program program = nightly();
  program.overlap = config::Overlap::Replace;
  Stage stage({program});
  stage.begin();
  plan(stage, 1h).advance(1h);
  plan(stage, 1h).clear().advance(1h);
  REQUIRE(stage.state("backup.0") == "stopping");
  REQUIRE(stage.spawns.empty());
  stage.exit("backup.0", 0);
  REQUIRE(stage.spawns.size() == 1);
  CHECK(stage.program("backup").schedule->counts == RunCounts{});  // it had no end of its own
}

TEST_CASE("jitter makes each run late by a random part of it") {
  config::Program program = nightly();
  program.jitter = 10min;
  std::set<Duration> delays;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Stage stage({program}, {}, false, seed);
    stage.begin();
    plan(stage, 1h);
    const Duration delay = *stage.program("backup").schedule->next_at - stage.now - 1h;
    CHECK(delay >= 0s);
    CHECK(delay < 10min);
    delays.insert(delay);
  }
  CHECK(delays.size() > 10);
}

TEST_CASE("a corrected time replaces the planned one; one that has passed is due at once") {
  Stage stage({nightly()});
  stage.begin();
  plan(stage, 1h).clear();
  plan(stage, 2h).advance(1h);
  CHECK(stage.spawns.empty());
  plan(stage, -5s);
  CHECK(stage.spawns.size() == 1);
}

TEST_CASE("a run that is due before the dependencies are ready waits for them") {
  config::Program program = nightly();
  program.after = {"db"};
  Stage stage({program, service("db")});
  stage.begin();
  plan(stage, 1s).advance(1s);
  CHECK(stage.state("backup.0") == "stopped");
  CHECK(stage.slot("backup.0").status == "waiting for db");
  stage.ready("db.0");
  CHECK(stage.state("backup.0") == "starting");
}

TEST_CASE("start NAME runs it now, and answers when that run is over") {
  Stage stage({nightly()});
  stage.begin();
  plan(stage, 1h).clear().command(CommandKind::Start, "backup");
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.replies.empty());
  stage.exit("backup.0", 0);
  REQUIRE(stage.replies.back().ok);
  stage.command(CommandKind::Start, "backup").exit("backup.0", 4);
  REQUIRE_FALSE(stage.replies.back().ok);
  CHECK(stage.program("backup").schedule->next_at);  // the planned one runs too
}

TEST_CASE("stop ends its runs until start; a glob or all gives it back to its schedule") {
  Stage stage({nightly(), service("web")});
  stage.begin().all_ready();
  plan(stage, 1h).command(CommandKind::Stop, "all").exit("web.0", 0).clear();
  CHECK_FALSE(stage.program("backup").schedule->next_at);
  stage.advance(1h);
  CHECK(stage.spawns.empty());
  CHECK(stage.plans.size() == 1);  // it goes on asking for its times
  plan(stage, 24h).clear().command(CommandKind::Start, "all").all_ready();
  REQUIRE(stage.spawns.size() == 1);  // web
  CHECK(stage.replies.back().ok);
  CHECK(stage.state("backup.0") == "scheduled");
  stage.clear().command(CommandKind::Restart, "*");
  CHECK(stage.spawns.size() == 1);  // web again
  stage.clear().advance(24h);
  CHECK(stage.spawns.size() == 1);
}

TEST_CASE("run_at_start runs it once when it is added, and then at its times") {
  config::Program program = nightly();
  program.run_at_start = true;
  Stage stage({program});
  stage.begin();
  CHECK(stage.spawns.size() == 1);
  plan(stage, 1h).exit("backup.0", 0).clear().advance(1h);
  CHECK(stage.spawns.size() == 1);
}

TEST_CASE("a reload with new times asks for them, and runs nothing by itself") {
  Stage stage({nightly()});
  stage.begin();
  plan(stage, 1h).clear();
  config::Program changed = nightly();
  changed.schedule = "0 4 * * *";
  changed.command = {"/bin/other"};
  stage.reload({changed});
  CHECK(stage.replies.back().ok);
  CHECK(stage.spawns.empty());
  REQUIRE(stage.plans.size() == 1);
  CHECK_FALSE(stage.plans[0].due);
  CHECK(stage.program("backup").differs.empty());
  plan(stage, 2h).advance(2h);
  REQUIRE(stage.spawns.size() == 1);
  CHECK(stage.spawns[0].program->command == changed.command);
}

TEST_CASE("a reload leaves a run under way and a failed run as they are") {
  Stage stage({nightly()});
  stage.begin();
  plan(stage, 1h).advance(1h).clear();
  config::Program changed = nightly();
  changed.command = {"/bin/other"};
  stage.reload({changed});
  CHECK(stage.signals.empty());
  CHECK(stage.replies.back().ok);
  stage.exit("backup.0", 0);
  plan(stage, 1s).advance(1s).exit("backup.0", 1).reload({changed});
  CHECK(stage.state("backup.0") == "failed");
}

TEST_CASE("a oneshot that gets a schedule, or loses it, is another program of the same name") {
  config::Program plain = nightly();
  plain.schedule.clear();
  Stage stage({plain});
  stage.begin().exit("backup.0", 0).clear().reload({nightly()});
  CHECK(stage.replies.back().message == "~ backup: schedule\n+ backup");
  CHECK(stage.state("backup.0") == "scheduled");
  CHECK(stage.plans.size() == 1);
  plan(stage, 1h).clear().reload({plain});
  CHECK(stage.spawns.size() == 1);
  stage.exit("backup.0", 0);
  CHECK(stage.replies.back().ok);
}

TEST_CASE("nothing is due any more once the fleet shuts down or the program is removed") {
  Stage stage({nightly(), service("web")});
  stage.begin().all_ready();
  plan(stage, 1s).send(ShutdownRequested{15}).clear();
  plan(stage, 1ms).advance(5s);
  CHECK(stage.spawns.empty());

  Stage other({nightly(), service("web")});
  other.begin().all_ready();
  plan(other, 1s).reload({service("web")}).clear();
  plan(other, 1ms).advance(5s);
  CHECK(other.spawns.empty());
}

TEST_CASE("missed runs are counted and reported") {
  Stage stage({nightly()});
  stage.begin().send(RunsMissed{"backup", 1, "03:00"});
  CHECK(stage.message(EventKind::RunsMissed) ==
        "backup has missed the run of 03:00: nothing could run then");
  stage.clear().send(RunsMissed{"backup", 3, "05:00"});
  CHECK(stage.message(EventKind::RunsMissed) ==
        "backup has missed 3 runs, the last of 05:00: nothing could run then");
  CHECK(stage.program("backup").schedule->counts.missed == 4);
  stage.clear().send(RunsMissed{"nobody", 3, "05:00"}).send(RunPlanned{"nobody", stage.now, ""});
  CHECK(stage.reports.empty());
}
