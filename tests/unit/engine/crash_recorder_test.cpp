// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_recorder.hpp"

#include "common/protocol/in_flight.hpp"
#include "supervisor/state/crash_json.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;
using core::EventKind;

namespace {

class Heard final : public CrashObserver {
 public:
  void on_crash(CrashReportPtr report) override { reports.push_back(std::move(report)); }
  std::vector<CrashReportPtr> reports;
};

struct Recording {
  test::ManualClock clock;
  Heard heard;
  CrashRecorder recorder{clock, {&heard}};
  core::ProcessId process{{1, 0}, 3};

  std::string report(EventKind kind, const std::string& message = "",
                     const std::string& next = "") {
    return recorder.reported({kind, process, "api", message, next});
  }
  void end(core::ExitStatus exit, Fd in_flight = {}) {
    ProcessEnd end;
    end.program = "api";
    end.worker = "api.0";
    end.own = true;
    end.pid = 4711;
    end.exit = exit;
    end.started_at = clock.mono();
    end.in_flight = std::move(in_flight);
    clock.advance(90s);
    recorder.ended(process, std::move(end));
  }
};

const core::ExitStatus kKilled{.signaled = true, .value = SIGKILL};

}  // namespace

TEST_CASE("a crash is reported once its last lines are there, under the id of its event") {
  Recording it;
  it.end(kKilled);
  const std::string id = it.report(EventKind::Crashed, "api.0 died", "in 8s");
  CHECK(is_crash_id(id));
  CHECK(it.heard.reports.empty());
  it.recorder.drained(it.process, {"last words"});
  REQUIRE(it.heard.reports.size() == 1);
  const CrashReport& report = *it.heard.reports[0];
  CHECK(report.id == id);
  CHECK(report.worker == "api.0");
  CHECK(report.incarnation == 3);
  CHECK(report.pid == 4711);
  CHECK(report.kind == "crashed");
  CHECK(report.exit == kKilled);
  CHECK(report.uptime == 90s);
  CHECK(report.summary == "signal 9 (SIGKILL) after 1m30s");
  CHECK(report.next_try == "in 8s");
  CHECK(report.last_lines == std::vector<std::string>{"last words"});
  CHECK(report.restarts_in_hour == 1);
  CHECK_FALSE(report.host.empty());
  CHECK_FALSE(report.version.empty());
}

TEST_CASE("an end that was planned is no crash") {
  Recording it;
  it.report(EventKind::Stopping);
  it.end({.signaled = true, .value = SIGTERM});
  CHECK(it.report(EventKind::Stopped).empty());
  CHECK(it.recorder.drained(it.process, {}) == nullptr);
  CHECK(it.heard.reports.empty());
  CHECK(it.recorder.waiting().empty());
}

TEST_CASE("a hang and the end that it led to are one crash, of the first kind") {
  Recording it;
  const std::string id = it.report(EventKind::Hung, "api.0 sent no heartbeat");
  it.end({.signaled = true, .value = SIGABRT});
  CHECK(it.report(EventKind::Crashed, "", "at once") == id);
  it.recorder.drained(it.process, {});
  REQUIRE(it.heard.reports.size() == 1);
  CHECK(it.heard.reports[0]->kind == "hung");
  CHECK(it.heard.reports[0]->summary == "hung: signal 6 (SIGABRT) after 1m30s");
  CHECK(it.heard.reports[0]->next_try == "at once");
}

TEST_CASE("memory: what memory_max was exceeded by, or what the kernel says") {
  SECTION("memory_max") {
    Recording it;
    it.report(EventKind::MemoryMax, "api.0 uses 600 MiB");
    it.end({.signaled = true, .value = SIGTERM});
    it.report(EventKind::Crashed);
    it.recorder.drained(it.process, {});
    REQUIRE(it.heard.reports.size() == 1);
    CHECK(it.heard.reports[0]->oom == "api.0 uses 600 MiB");
  }
  SECTION("the kernel") {
    Recording it;
    it.end({.signaled = true, .value = SIGKILL, .out_of_memory = true});
    it.report(EventKind::Crashed);
    it.recorder.drained(it.process, {});
    REQUIRE(it.heard.reports.size() == 1);
    CHECK_THAT(it.heard.reports[0]->oom, Catch::Contains("for lack of memory"));
  }
}

TEST_CASE("one that never was started has a report at once") {
  Recording it;
  it.recorder.never_started(it.process);
  CHECK(it.report(EventKind::Starting).empty());  // the core says so all the same
  const std::string id = it.report(EventKind::SpawnFailed, "api.0 could not be started", "in 1s");
  REQUIRE(it.heard.reports.size() == 1);
  CHECK(it.heard.reports[0]->id == id);
  CHECK(it.heard.reports[0]->worker == "api.0");
  CHECK(it.heard.reports[0]->pid == 0);
  CHECK(it.heard.reports[0]->summary == "api.0 could not be started");
}

TEST_CASE("what it was at is read from its memory, however it died") {
  Recording it;
  Fd memory = protocol::make_in_flight_memory().value();
  auto table = protocol::InFlightTable::map(memory).value();
  table.begin(protocol::InFlightKind::Request, "r-1", "POST", "/api/documents", it.clock.mono());
  table.begin(protocol::InFlightKind::Job, "r-2", "job 7,", "document d", it.clock.mono() + 24h);
  it.end(kKilled, std::move(memory));
  it.report(EventKind::Crashed);
  it.recorder.drained(it.process, {});
  REQUIRE(it.heard.reports.size() == 1);
  CHECK(it.heard.reports[0]->in_flight ==
        std::vector<InFlight>{{"request", "r-1", "POST /api/documents", 90s},
                              {"job", "r-2", "job 7, document d", 0s}});  // from the future: no age
}

TEST_CASE("restarts are counted over the last hour, for each worker") {
  Recording it;
  for (int i = 0; i < 3; ++i) {
    it.end(kKilled);
    it.report(EventKind::Crashed);
    it.recorder.drained(it.process, {});
    ++it.process.incarnation;
  }
  CHECK(it.heard.reports.back()->restarts_in_hour == 3);
  it.clock.advance(1h);
  it.end(kKilled);
  it.report(EventKind::Crashed);
  it.recorder.drained(it.process, {});
  CHECK(it.heard.reports.back()->restarts_in_hour == 1);
}

TEST_CASE("ids differ and sort by time, within a millisecond too") {
  Recording it;
  std::string last;
  for (int i = 0; i < 50; ++i) {
    if (i % 10 == 0) it.clock.advance(1ms);
    ++it.process.incarnation;
    const std::string id = it.report(EventKind::Crashed);
    CHECK(id > last);
    last = id;
  }
}

TEST_CASE("one that waits for its lines can be completed without them") {
  Recording it;
  it.end(kKilled);
  it.report(EventKind::Crashed);
  REQUIRE(it.recorder.waiting() == std::vector<core::ProcessId>{it.process});
  it.recorder.drained(it.process, {});
  CHECK(it.heard.reports.size() == 1);
  CHECK(it.recorder.waiting().empty());
}
