// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

using Outcome = HealthChecked::Outcome;

config::Program checked(std::string name = "a") {
  config::Program program = service(std::move(name));
  program.health.kind = config::Probe::Kind::Http;
  program.health.address = "http://127.0.0.1:80/";
  program.health_interval = 10s;
  program.health_failures = 3;
  return program;
}

void answer(Stage& stage, const std::string& slot, Outcome outcome,
            const std::string& reason = "it answered 500") {
  stage.send(HealthChecked{stage.of(slot), outcome, reason});
}

// The next check falls due and is answered.
void check(Stage& stage, const std::string& slot, Outcome outcome) {
  stage.advance(10s);
  answer(stage, slot, outcome);
}

}  // namespace

TEST_CASE("a process is asked once every interval from ready on, and never twice at a time") {
  Stage stage({checked()});
  stage.begin().advance(50s);
  REQUIRE(stage.checks.empty());
  stage.ready("a.0").advance(9'999ms);
  REQUIRE(stage.checks.empty());
  stage.advance(1ms);
  REQUIRE(stage.checks.size() == 1);
  REQUIRE(stage.checks[0].process == stage.of("a.0"));
  stage.advance(1h);  // no answer yet
  REQUIRE(stage.checks.size() == 1);
  answer(stage, "a.0", Outcome::Well);
  stage.advance(10s);
  REQUIRE(stage.checks.size() == 2);
}

TEST_CASE("unhealthy: not ready, ABRT to the process, KILL to the group after the grace, restart") {
  Stage stage({checked()});
  stage.begin().ready("a.0");
  check(stage, "a.0", Outcome::Unwell);
  check(stage, "a.0", Outcome::Unwell);
  REQUIRE(stage.state("a.0") == "ready");
  REQUIRE(stage.slot("a.0").last_error == "health check failed, 2 of 3: it answered 500");
  REQUIRE(stage.signals.empty());
  check(stage, "a.0", Outcome::Unwell);
  REQUIRE(stage.state("a.0") == "unhealthy");
  REQUIRE(stage.program("a").ready == 0);
  REQUIRE(stage.slot("a.0").last_error == "unhealthy: it answered 500");
  REQUIRE(stage.message(EventKind::Unhealthy) ==
          "a.0 (incarnation 1) is unhealthy: it answered 500: SIGABRT, SIGKILL in 5s");
  REQUIRE(stage.signals.size() == 2);
  REQUIRE(stage.signals[0].signal == SIGABRT);
  REQUIRE(stage.signals[1].signal == SIGCONT);
  REQUIRE_FALSE(stage.signals[0].group);
  stage.advance(5s);
  REQUIRE(stage.signals.back().signal == SIGKILL);
  REQUIRE(stage.signals.back().group);
  stage.die("a.0", SIGKILL);
  REQUIRE(stage.state("a.0") == "starting");
  REQUIRE(stage.message(EventKind::Crashed) ==
          "a.0 (incarnation 1) ended after being unhealthy: signal 9 (SIGKILL) after 35s; "
          "restarting immediately");
  REQUIRE(stage.slot("a.0").last_error == "unhealthy: it answered 500");
  stage.ready("a.0");
  REQUIRE(stage.slot("a.0").last_error.empty());
}

TEST_CASE("an exit with 0 after being unhealthy is a failure all the same") {
  config::Program program = checked();
  program.restart = config::RestartPolicy::OnFailure;
  program.health_failures = 1;
  Stage stage({program});
  stage.begin().ready("a.0");
  check(stage, "a.0", Outcome::Unwell);
  stage.exit("a.0", 0);
  REQUIRE(stage.state("a.0") != "stopped");
  REQUIRE(stage.count(EventKind::Crashed) == 1);
}

TEST_CASE("failures count only in a row; an answer of somebody else counts neither way") {
  Stage stage({checked()});
  stage.begin().ready("a.0");
  for (int i = 0; i < 5; ++i) {
    check(stage, "a.0", Outcome::Unwell);
    check(stage, "a.0", Outcome::Unwell);
    check(stage, "a.0", Outcome::Unknown);
    REQUIRE_FALSE(stage.slot("a.0").last_error.empty());
    check(stage, "a.0", Outcome::Well);
    REQUIRE(stage.slot("a.0").last_error.empty());
  }
  REQUIRE(stage.signals.empty());
  check(stage, "a.0", Outcome::Unwell);
  check(stage, "a.0", Outcome::Unwell);
  check(stage, "a.0", Outcome::Unknown);
  check(stage, "a.0", Outcome::Unwell);
  REQUIRE(stage.state("a.0") == "unhealthy");
}

TEST_CASE("a program that has asked for more time is not judged in it") {
  Stage stage({checked()});
  stage.begin().ready("a.0").extend(stage.of("a.0"), 60s);
  for (int i = 0; i < 5; ++i)
    check(stage, "a.0", Outcome::Unwell);
  REQUIRE(stage.signals.empty());
  for (int i = 0; i < 3; ++i)
    check(stage, "a.0", Outcome::Unwell);
  REQUIRE(stage.state("a.0") == "unhealthy");
}

TEST_CASE("a reload turns checks on, off, and changes their pace") {
  config::Program program = checked();
  program.health = {};
  Stage stage({program});
  stage.begin().ready("a.0").advance(1min);
  REQUIRE(stage.checks.empty());
  stage.reload({checked()}).advance(10s);
  REQUIRE(stage.checks.size() == 1);
  answer(stage, "a.0", Outcome::Unwell);
  config::Program faster = checked();
  faster.health_interval = 1s;
  stage.reload({faster}).advance(1s);
  REQUIRE(stage.checks.size() == 2);
  stage.reload({program});
  REQUIRE(stage.slot("a.0").last_error.empty());
  answer(stage, "a.0", Outcome::Unwell);
  stage.advance(1min);
  REQUIRE(stage.checks.size() == 2);
  REQUIRE(stage.signals.empty());
}

TEST_CASE("a process that is stopping is not asked, and its last answer changes nothing") {
  config::Program program = checked();
  program.health_failures = 1;
  Stage stage({program});
  stage.begin().ready("a.0").advance(10s).command(CommandKind::Stop, "a").clear();
  answer(stage, "a.0", Outcome::Unwell);
  stage.advance(9s);
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.checks.empty());
}

TEST_CASE("an unhealthy successor in a roll is dropped, and the old process stays") {
  config::Program program = checked();
  program.health_failures = 1;
  program.min_ready_time = 1min;
  Stage stage({program});
  stage.begin().ready("a.0").command(CommandKind::Restart, "a").ready("a.0");
  const ProcessId successor = stage.of("a.0");
  stage.advance(10s).send(HealthChecked{successor, Outcome::Unwell, "it answered 500"});
  REQUIRE(stage.of("a.0").incarnation == 1);
  REQUIRE(stage.state("a.0") == "ready");
  REQUIRE_FALSE(stage.replies.back().ok);
  REQUIRE_THAT(stage.replies.back().message, Catch::Contains("was unhealthy: it answered 500"));
}

TEST_CASE("watchdog_source: only answers of that kind are heartbeats") {
  config::Program program = checked();
  program.ready = config::ReadyKind::Started;
  program.watchdog = 30s;
  program.watchdog_required = false;
  Notice beat = Notice::Scraped;
  std::string silence = "answered no scrape for 30s";
  SECTION("scrapes") {
    program.watchdog_source = config::WatchdogSource::Metrics;
  }
  SECTION("health probes") {
    program.watchdog_source = config::WatchdogSource::Health;
    beat = Notice::Probed;
    silence = "answered no health probe for 30s";
  }
  Stage stage({program});
  stage.begin().advance(1h);
  REQUIRE(stage.count(EventKind::Hung) == 0);  // armed by the first
  for (int i = 0; i < 10; ++i)
    stage.send(Notified{stage.of("a.0"), beat}).advance(29s);
  REQUIRE(stage.count(EventKind::Hung) == 0);
  for (const Notice other : {Notice::Watchdog, Notice::Scraped, Notice::Probed}) {
    if (other != beat) stage.send(Notified{stage.of("a.0"), other});
  }
  stage.advance(1s);
  REQUIRE_THAT(stage.message(EventKind::Hung), Catch::Contains(silence));
  REQUIRE(stage.signals_to(stage.of("a.0")) == std::vector<int>{SIGABRT, SIGCONT});
}

TEST_CASE("watchdog_source: an answered scrape is no sd_notify") {
  config::Program program = service("a");
  program.ready_timeout = 5s;
  program.watchdog_source = config::WatchdogSource::Metrics;
  Stage stage({program});
  stage.begin().send(Notified{stage.of("a.0"), Notice::Scraped}).advance(5s);
  REQUIRE_THAT(stage.slot("a.0").last_error, Catch::Contains("it sent no READY=1"));
}
