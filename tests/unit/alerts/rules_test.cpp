// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/rules.hpp"

#include "tests/support/catch.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;

namespace {

// A stack of an API program and a queue program, long started, and its rules.
struct World {
  config::Config config;
  Rules rules{config};
  FleetSnapshot snapshot;
  Moment now{MonoTime{} + 10h, from_unix_ms(1'800'000'000'000)};

  World() {
    snapshot.pid = 1;
    snapshot.started_at = MonoTime{} + 1h;
    snapshot.view.ready = true;
    add_program("api-worker", "holdfast-api-worker");
    add_program("queue-worker", "holdfast-queue-worker");
    rules.evaluate(snapshot, now);
  }

  void add_program(const std::string& name, const std::string& command) {
    config::Program program;
    program.name = name;
    program.command = {command};
    core::ProgramView view;
    view.config = std::make_shared<const config::Program>(program);
    view.wanted = view.ready = 1;
    view.satisfied = true;
    view.slots.resize(1);
    view.slots[0].state = core::SlotState::Ready;
    snapshot.view.programs.push_back(view);
  }
  core::SlotView& slot() { return snapshot.view.programs[0].slots[0]; }

  void pass(Duration time) {
    now.mono += time;
    now.wall += std::chrono::duration_cast<WallTime::duration>(time);
  }
  void event(const std::string& kind, const std::string& message = "it happened",
             std::uint64_t incarnation = 1) {
    EventRecord record;
    record.kind = kind;
    record.program = "api-worker";
    record.worker = "api-worker.0";
    record.incarnation = incarnation;
    record.message = message;
    rules.on_event(record, now);
  }
  void error(const std::string& request_id = "", const std::string& message = "it failed") {
    logs::ErrorLine line;
    line.program = "api-worker";
    line.worker = "api-worker.0";
    line.time = now.mono;
    line.request_id = request_id;
    line.message = message;
    rules.on_error_line(line, now);
  }
  void error_of(const std::string& process, const std::string& request_id,
                const std::string& job_id = "") {
    logs::ErrorLine line;
    line.program = "api-worker";
    line.worker = "api-worker.0";
    line.process = process;
    line.time = now.mono;
    line.request_id = request_id;
    line.job_id = job_id;
    rules.on_error_line(line, now);
  }
  telemetry::Totals reported;
  std::pair<double, double> counted{0, 0};
  void add_errors(const std::string& program, double number) {
    reported.program_errors.add(program, "http_requests_total", "status=\"500\"", number);
  }
  void add_dead(const std::string& program, double number) {
    reported.program_errors.add(program, "queue_jobs_total", "outcome=\"dead\",queue=\"documents\"",
                                number);
  }
  void totals(double errors, double dead = 0) {
    reported.errors = errors;
    add_errors("api-worker", errors - counted.first);
    add_dead("queue-worker", dead - counted.second);
    counted = {errors, dead};
    rules.on_totals(reported, now);
  }

  std::vector<Finding> findings() { return rules.evaluate(snapshot, now); }
  std::vector<std::string> names() {
    std::vector<std::string> result;
    for (const Finding& finding : findings())
      result.push_back(finding.alert.key.name +
                       (finding.inhibited.empty() ? "" : " (" + finding.inhibited + ")"));
    return result;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a quiet stack has no alert") {
  CHECK(World().names().empty());
}

TEST_CASE("a crash fires at once and is over after two quiet windows") {
  World world;
  world.event("crashed", "api-worker.0 died: signal 11 (SIGSEGV)");
  const auto findings = world.findings();
  REQUIRE(findings.size() == 1);
  const Alert& alert = findings[0].alert;
  CHECK(alert.key == AlertKey{"HoldfastWorkerCrashed", "api-worker"});
  CHECK(alert.summary == "api-worker.0 died: signal 11 (SIGSEGV)");
  CHECK(alert.count == 1);
  CHECK(alert.runbook == "docs/runbooks/HoldfastWorkerCrashed.md");
  REQUIRE(alert.crash);
  CHECK(alert.crash->worker == "api-worker.0");
  world.pass(10min - 1ns);
  CHECK(world.names() == Names{"HoldfastWorkerCrashed"});
  world.pass(1ns);
  CHECK(world.names().empty());
}

TEST_CASE("a thousand crashes of a program are one alert with their number") {
  World world;
  for (std::uint64_t incarnation = 1; incarnation <= 1000; ++incarnation)
    world.event("crashed", "died", incarnation);
  const auto findings = world.findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].alert.count == 1000);
}

TEST_CASE("jobs that wait for the embedding provider are no alert besides") {
  World world;
  telemetry::Totals totals;
  totals.oldest_job_seconds["documents"] = 3600;
  totals.embedding = telemetry::Reach{0, 2};
  const auto after_a_while = [&] {
    world.rules.on_totals(totals, world.now);
    world.names();
    world.pass(5min);
    return world.names();
  };
  CHECK(after_a_while() ==
        Names{"HoldfastEmbeddingUnavailable", "HoldfastQueueBacklog (embedding)"});
  totals.embedding = telemetry::Reach{2, 2};
  CHECK(after_a_while() == Names{"HoldfastQueueBacklog"});
}

TEST_CASE("the end of a worker that hung is no crash besides") {
  World world;
  world.event("hung");
  world.event("crashed", "ended after hanging");
  CHECK(world.names() == Names{"HoldfastWorkerHung"});
  world.event("crashed", "died", 2);
  CHECK(world.names() == Names{"HoldfastWorkerCrashed", "HoldfastWorkerHung"});
}

TEST_CASE("a worker that the kernel killed for memory is out of memory, not crashed") {
  World world;
  world.event("crashed", "died: signal 9 (SIGKILL), killed by the kernel: out of memory");
  CHECK(world.names() == Names{"HoldfastOutOfMemory"});
  World other;
  other.event("memory_max");
  other.event("crashed", "ended after using too much memory");
  CHECK(other.names() == Names{"HoldfastOutOfMemory"});
}

TEST_CASE("the stack and the report of a crash belong to its alert, in either order") {
  World world;
  world.event("crashed");
  EventRecord stack;
  stack.kind = "crash_stack";
  stack.program = "api-worker";
  stack.worker = "api-worker.0";
  stack.incarnation = 1;
  stack.stack = {"boom()", "main"};
  world.rules.on_event(stack, world.now);
  CHECK(world.findings()[0].alert.crash->stack == std::vector<std::string>{"boom()", "main"});

  auto report = std::make_shared<CrashReport>();
  report->program = "api-worker";
  report->worker = "api-worker.0";
  report->incarnation = 1;
  report->summary = "signal 11 (SIGSEGV) after 3 h 12 min";
  report->in_flight = {{"request", "abc", "GET /api/search"}};
  report->request_ids = {"def"};
  world.rules.on_crash(report, world.now);
  const Alert alert = world.findings()[0].alert;
  CHECK(alert.crash == report);
  CHECK(alert.count == 1);
  CHECK(alert.summary == "api-worker.0: signal 11 (SIGSEGV) after 3 h 12 min");
  CHECK(alert.request_ids == std::vector<std::string>{"abc", "def"});
}

TEST_CASE("five errors in five minutes, sliding and exact") {
  World world;
  const auto fires = [&] { return !world.findings().empty(); };
  for (int i = 0; i < 4; ++i) {
    world.error();
    world.pass(75s);
  }
  CHECK_FALSE(fires());  // 4 errors, at 0, 75, 150 and 225 s; now it is 300 s
  world.error();         // the first has just left the window
  CHECK_FALSE(fires());
  world.pass(75s - 1ns);
  world.error();  // 75, 150, 225, 300 and just before 375
  CHECK(fires());
}

TEST_CASE("the error rate is over once there were fewer for as long as the window") {
  World world;
  for (int i = 0; i < 5; ++i)
    world.error();
  CHECK(world.names() == Names{"HoldfastErrorRateHigh"});
  world.pass(10min - 1ns);
  CHECK(world.names() == Names{"HoldfastErrorRateHigh"});
  world.pass(1ns);
  CHECK(world.names().empty());
  // The count begins anew with the next one.
  for (int i = 0; i < 5; ++i)
    world.error("", "again");
  CHECK(world.findings()[0].alert.count == 5);
}

TEST_CASE("an error that is seen twice counts once, whichever comes first") {
  World world;
  world.totals(0);
  world.error("a");
  world.error("a");  // a second line of the same request
  world.totals(1);
  CHECK(world.rules.errors().at("api-worker") == 1);
  world.totals(3);  // two more answers of 5xx,
  world.error("b");
  world.error("c");  // whose lines come late
  CHECK(world.rules.errors().at("api-worker") == 3);
  world.error();  // of no request
  CHECK(world.rules.errors().at("api-worker") == 4);
  world.pass(1min);  // long after, a line has nothing to do with those answers
  world.totals(4);
  world.pass(1min);
  world.error("d");
  CHECK(world.rules.errors().at("api-worker") == 6);
}

TEST_CASE("ids that every process gives anew are of one process, and unique ones of the program") {
  World world;
  for (const char* process : {"7:", "8:", "9:", "9:10"})
    world.error_of(process, "req-1");
  world.error_of("9:10", "req-1");
  CHECK(world.rules.errors().at("api-worker") == 4);
  for (const char* process : {"7:", "8:"})
    world.error_of(process, "0190d3c1-7b1e-7c4e-9f9a-2f6f0a8d1c55");
  CHECK(world.rules.errors().at("api-worker") == 5);
}

TEST_CASE("what goes on under one id, or has a name instead of one, is more than one error") {
  World world;
  world.error_of("7:", "", "nightly-report");
  world.error_of("7:", "", "nightly-report");
  CHECK(world.rules.errors().at("api-worker") == 2);
  for (int i = 0; i < 180; ++i) {
    world.error_of("7:", "conn-1");
    world.pass(1s);
  }
  CHECK(world.rules.errors().at("api-worker") == 5);
}

TEST_CASE("a total that begins anew replays nothing") {
  World world;
  world.totals(1000);  // what was counted before the supervisor looked
  world.totals(1000);
  world.totals(3);  // a ledger that started over
  world.totals(3);
  CHECK(world.rules.errors().at("api-worker") == 0);
}

TEST_CASE("dead jobs are an alert of their queue, and errors of the queue worker") {
  World world;
  world.totals(0, 0);
  world.totals(0, 5);
  CHECK(world.names() == Names{"HoldfastErrorRateHigh", "HoldfastJobsDying"});
  for (const Finding& finding : world.findings()) {
    const bool jobs = finding.alert.key.name == "HoldfastJobsDying";
    CHECK(finding.alert.key.target == (jobs ? "documents" : "queue-worker"));
  }
}

TEST_CASE("of two programs of one kind, the alert names the one that fails") {
  World world;
  world.add_program("admin-api", "holdfast-api-worker");
  world.add_program("mail-worker", "holdfast-queue-worker");
  world.totals(0);
  world.add_errors("admin-api", 5);
  world.add_dead("mail-worker", 6);
  world.totals(0);
  std::vector<std::string> targets;
  for (const Finding& finding : world.findings())
    targets.push_back(finding.alert.key.target + " of " + finding.alert.program);
  CHECK(targets == std::vector<std::string>{"admin-api of admin-api", "mail-worker of mail-worker",
                                            "documents of mail-worker"});
  CHECK(world.rules.errors().at("api-worker") == 0);
}

TEST_CASE("the alert of errors holds the last ones, with their request ids") {
  World world;
  for (int i = 0; i < 8; ++i)
    world.error("r" + std::to_string(i), "failure " + std::to_string(i));
  const auto findings = world.findings();
  REQUIRE(findings.size() == 1);
  const Alert& alert = findings[0].alert;
  CHECK(alert.summary == "api-worker: 8 errors; the last: failure 7");
  REQUIRE(alert.errors.size() == 5);
  CHECK(alert.errors.back().message == "failure 7");
  CHECK(alert.request_ids.back() == "r7");
}

TEST_CASE("lines that were left out count, too") {
  World world;
  logs::ErrorLine line;
  line.program = "api-worker";
  line.worker = "api-worker.0";
  line.left_out = 4;
  world.rules.on_error_line(line, world.now);
  CHECK(world.names() == Names{"HoldfastErrorRateHigh"});
  CHECK(world.findings()[0].alert.count == 5);
}

TEST_CASE("what the supervisor logs about its deliveries makes no alert") {
  World world;
  logs::ErrorLine line;
  line.program = line.worker = "holdfast";
  for (int i = 0; i < 10; ++i)
    world.rules.on_error_line(line, world.now);
  CHECK(world.names().empty());
}

TEST_CASE("a stack that is not ready is an alert after half a minute") {
  World world;
  world.snapshot.view.ready = world.snapshot.view.programs[0].satisfied = false;
  world.slot().state = core::SlotState::Backoff;
  world.slot().restarts = 1;
  CHECK(world.names().empty());
  world.pass(30s - 1ns);
  CHECK(world.names().empty());
  world.pass(1ns);
  CHECK(world.names() == Names{"HoldfastNotReady"});
  world.snapshot.view.reloading = true;
  CHECK(world.names() == Names{"HoldfastNotReady (planned)"});
  world.snapshot.view.reloading = false;
  world.slot().stopped_by_hand = true;
  CHECK(world.names() == Names{"HoldfastNotReady (planned)"});
  world.snapshot.view.ready = world.snapshot.view.programs[0].satisfied = true;
  CHECK(world.names().empty());
}

TEST_CASE("while the stack starts, being not ready is no alert") {
  World world;
  world.config.alerts.startup_grace = 2min;
  world.rules.configure(world.config);
  world.snapshot.started_at = world.now.mono;
  world.snapshot.view.ready = world.snapshot.view.programs[0].satisfied = false;
  world.slot().state = core::SlotState::Backoff;
  world.slot().restarts = 1;
  CHECK(world.names().empty());
  world.pass(1min);
  CHECK(world.names() == Names{"HoldfastNotReady (startup)"});
  world.pass(1min);
  CHECK(world.names() == Names{"HoldfastNotReady"});
}

TEST_CASE("a crash loop says what its crashes and errors would say") {
  World world;
  world.event("crashed");
  for (int i = 0; i < 5; ++i)
    world.error();
  world.slot().state = core::SlotState::CrashLoop;
  world.slot().crash_loop_since = world.now.mono;
  CHECK(world.names() == Names{"HoldfastWorkerCrashLooping", "HoldfastErrorRateHigh (crash_loop)",
                               "HoldfastWorkerCrashed (crash_loop)"});
}

TEST_CASE("what a crash loop has covered stays covered when it is over, and what is new is not") {
  World world;
  world.event("crashed");
  world.slot().state = core::SlotState::CrashLoop;
  world.slot().crash_loop_since = world.now.mono;
  CHECK(world.names() == Names{"HoldfastWorkerCrashLooping", "HoldfastWorkerCrashed (crash_loop)"});
  world.slot().state = core::SlotState::Ready;
  world.slot().crash_loop_since.reset();
  CHECK(world.names() == Names{"HoldfastWorkerCrashed (crash_loop)"});
  world.pass(1min);
  world.event("crashed", "died again", 2);
  CHECK(world.names() == Names{"HoldfastWorkerCrashed"});
}

TEST_CASE("an outage of the store says what the errors of Holdfast's own workers would say") {
  World world;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{0, 2};
  world.rules.on_totals(totals, world.now);
  for (int i = 0; i < 5; ++i)
    world.error();
  world.event("crashed", "api-worker.0 (incarnation 1) died: exit 69 after 1s");
  CHECK(world.names() == Names{"HoldfastErrorRateHigh (store)"});  // the outage lasts for a minute
  world.pass(1min);
  CHECK(world.names() == Names{"HoldfastStoreUnavailable", "HoldfastErrorRateHigh (store)"});
}

TEST_CASE("what an outage that was too short to be told would have covered is told") {
  World world;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{0, 2};
  world.rules.on_totals(totals, world.now);
  world.event("crashed", "api-worker.0 (incarnation 1) died: signal 11 (SIGSEGV)");
  CHECK(world.names() == Names{"HoldfastWorkerCrashed (store)"});
  world.pass(30s);
  CHECK(world.names() == Names{"HoldfastWorkerCrashed (store)"});
  totals.database = telemetry::Reach{2, 2};
  world.rules.on_totals(totals, world.now);
  CHECK(world.names() == Names{"HoldfastWorkerCrashed"});
}

TEST_CASE("no state that is never told keeps a crash from people for longer than it is held") {
  World world;
  world.config.alerts.startup_grace = 5min;
  world.rules.configure(world.config);
  world.snapshot.started_at = world.now.mono;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{0, 2};
  world.rules.on_totals(totals, world.now);
  world.event("crashed", "api-worker.0 (incarnation 1) died: signal 11 (SIGSEGV)");
  CHECK(world.names() == Names{"HoldfastWorkerCrashed (store)"});
  world.pass(1min);
  CHECK(world.names() == Names{"HoldfastStoreUnavailable (startup)", "HoldfastWorkerCrashed"});
}

TEST_CASE("a state is not over because nobody reports it, for five minutes") {
  World world;
  telemetry::Totals bad;
  bad.embedding = telemetry::Reach{1, 2};
  bad.oldest_job_seconds["mails"] = 3600;
  bad.api_keys_expiring = 1;
  bad.store_disk_free = 0;
  const auto report = [&](const telemetry::Totals& totals) {
    world.rules.on_totals(totals, world.now);
    return world.names();
  };
  report(bad);
  // A hold does not begin anew with each gap.
  for (int i = 0; i < 4; ++i) {
    world.pass(1min);
    report({});
    report(bad);
  }
  world.pass(1min);
  const Names all{"HoldfastEmbeddingUnavailable", "HoldfastQueueBacklog (embedding)",
                  "HoldfastApiKeyExpiring", "HoldfastStoreSpaceLow"};
  const auto same = [](Names one, Names other) {
    std::sort(one.begin(), one.end());
    std::sort(other.begin(), other.end());
    return one == other;
  };
  CHECK(same(report(bad), all));
  CHECK(same(report({}), all));
  world.pass(5min - 1ns);
  CHECK(same(report({}), all));
  world.pass(1ns);
  CHECK(report({}).empty());
}

TEST_CASE("that one worker is well says nothing of one that is coming up") {
  World world;
  telemetry::Totals totals;
  const auto report = [&](std::uint32_t reached, std::uint32_t workers) {
    totals.database = telemetry::Reach{reached, workers};
    world.rules.on_totals(totals, world.now);
    return world.names();
  };
  report(1, 2);
  world.pass(1min);
  CHECK(report(1, 2) == Names{"HoldfastStoreUnavailable"});
  world.slot().state = core::SlotState::Starting;
  CHECK(report(1, 1) == Names{"HoldfastStoreUnavailable"});
  world.slot().state = core::SlotState::Ready;
  CHECK(report(2, 2).empty());
}

TEST_CASE("a reload that changes the count of a rule keeps what has been counted") {
  World world;
  config::AlertRule errors;
  errors.count = 7;
  const auto reload = [&](std::uint32_t count) {
    errors.count = count;
    world.config.alert_rules["HoldfastErrorRateHigh"] = errors;
    world.rules.configure(world.config);
  };
  for (int i = 0; i < 3; ++i)
    world.error();
  reload(3);
  CHECK(world.names() == Names{"HoldfastErrorRateHigh"});
  world.pass(1s);
  world.error();
  reload(2);
  reload(7);  // it still fires, and its errors are still its own
  CHECK(world.names() == Names{"HoldfastErrorRateHigh"});
  CHECK(world.findings()[0].alert.count == 4);
  world.pass(5min - 1ns);
  CHECK(world.names() == Names{"HoldfastErrorRateHigh"});
  world.pass(1ns);
  CHECK(world.names().empty());
}

TEST_CASE("what fired when the supervisor ended goes on until it is known to be over") {
  World before;
  before.event("crashed");
  before.slot().state = core::SlotState::CrashLoop;
  before.slot().crash_loop_since = before.now.mono;
  std::vector<Alert> firing;
  for (const Finding& finding : before.findings())
    firing.push_back(finding.alert);
  REQUIRE(firing.size() == 2);

  World after;
  after.pass(1min);
  after.snapshot.started_at = after.now.mono;
  after.rules.restore(firing, after.now);
  // The new one is still starting: whether the worker is well is not known yet.
  CHECK(after.names() == Names{"HoldfastWorkerCrashLooping", "HoldfastWorkerCrashed (crash_loop)"});
  after.pass(30s);
  CHECK(after.names() == Names{"HoldfastWorkerCrashed (crash_loop)"});
  after.pass(10min);
  CHECK(after.names().empty());
}

TEST_CASE("a stack that stops ends no alert") {
  World world;
  world.snapshot.last_reload_ok = false;
  CHECK(world.names() == Names{"HoldfastReloadFailed"});
  world.snapshot.view.draining = true;
  CHECK(world.names() == Names{"HoldfastReloadFailed"});
}

TEST_CASE("a rule that is off, stricter or lighter") {
  World world;
  config::AlertRule off;
  off.enabled = false;
  world.config.alert_rules["HoldfastWorkerCrashed"] = off;
  config::AlertRule errors;
  errors.count = 2;
  errors.window = Duration(1min);
  errors.severity = "info";
  world.config.alert_rules["HoldfastErrorRateHigh"] = errors;
  world.rules.configure(world.config);
  world.event("crashed");
  world.error();
  CHECK(world.names().empty());
  world.error();
  const auto findings = world.findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].alert.severity == Severity::Info);
}

TEST_CASE("a hundred thousand error lines cost a constant each and keep a constant of memory") {
  World world;
  for (int i = 0; i < 100'000; ++i)
    world.error(std::to_string(i));
  const auto findings = world.findings();
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].alert.count == 100'000);
  CHECK(findings[0].alert.errors.size() == 5);
  CHECK(findings[0].alert.request_ids.size() == 10);
}
