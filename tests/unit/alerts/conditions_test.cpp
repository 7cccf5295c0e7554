// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/conditions.hpp"

#include "tests/support/catch.hpp"

#include <filesystem>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::alerts;

namespace {

struct Fleet {
  FleetSnapshot snapshot;

  Fleet() {
    config::Program config;
    config.name = "api-worker";
    core::ProgramView program;
    program.config = std::make_shared<const config::Program>(config);
    program.wanted = program.ready = 2;
    program.satisfied = true;
    program.slots.resize(2);
    program.slots[1].id.slot = 1;
    for (core::SlotView& slot : program.slots)
      slot.state = core::SlotState::Ready;
    snapshot.view.programs.push_back(program);
    snapshot.view.ready = true;
  }
  core::ProgramView& program() { return snapshot.view.programs[0]; }
  core::SlotView& slot(std::size_t number) { return program().slots[number]; }

  std::vector<std::string> names(const std::optional<telemetry::Totals>& latest = {}) const {
    std::vector<std::string> result;
    for (const ActiveAlert& alert : active_alerts(snapshot, latest))
      result.push_back(alert.name);
    return result;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a healthy stack has no alerts") {
  telemetry::Totals totals;
  totals.database = totals.redis = telemetry::Reach{3, 3};
  CHECK(Fleet().names(totals).empty());
  CHECK(Fleet().names().empty());
}

TEST_CASE("a worker in a crash loop is an alert with its last failure and since when") {
  Fleet fleet;
  fleet.slot(1).state = core::SlotState::CrashLoop;
  fleet.slot(1).last_exit = core::ExitStatus{true, 11, false};
  fleet.slot(1).since = MonoTime{} + std::chrono::seconds(90);  // its last try
  fleet.slot(1).crash_loop_since = MonoTime{} + std::chrono::seconds(7);
  const auto alerts = active_alerts(fleet.snapshot, {});
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].name == "HoldfastWorkerCrashLooping");
  CHECK(alerts[0].severity == "critical");
  CHECK(alerts[0].target == "api-worker.1");
  CHECK(alerts[0].summary == "api-worker.1 keeps crashing: signal 11 (SIGSEGV)");
  CHECK(alerts[0].since == MonoTime{} + std::chrono::seconds(7));
}

TEST_CASE("a crash loop stays an alert during retries and ends when the worker is stopped") {
  Fleet fleet;
  fleet.slot(1).crash_loop_since = MonoTime{} + std::chrono::seconds(7);
  for (const auto state : {core::SlotState::Starting, core::SlotState::Ready}) {
    fleet.slot(1).state = state;
    CHECK(fleet.names() == Names{"HoldfastWorkerCrashLooping"});
  }
  fleet.slot(1).state = core::SlotState::Stopped;
  CHECK(fleet.names().empty());
}

TEST_CASE("a failed worker is an alert, also if it never started") {
  Fleet fleet;
  fleet.slot(0).state = core::SlotState::Failed;
  fleet.slot(0).last_error = "exec: No such file or directory";
  CHECK(active_alerts(fleet.snapshot, {})[0].summary ==
        "api-worker.0 has failed and is not restarted: exec: No such file or directory");
}

TEST_CASE("a scheduled run that failed is an alert until a run succeeds") {
  using namespace std::chrono_literals;
  Fleet fleet;
  fleet.program().schedule.emplace();
  fleet.slot(0).state = core::SlotState::Failed;
  fleet.slot(0).last_exit = core::ExitStatus{false, 3, false};
  fleet.program().slots.resize(1);
  fleet.program().schedule->last = core::LastRun{MonoTime{} + 5s, 2s, false};
  const auto alerts = active_alerts(fleet.snapshot, {});
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].name == "HoldfastScheduledRunFailed");
  CHECK(alerts[0].severity == "warning");
  CHECK(alerts[0].target == "api-worker.0");
  CHECK(alerts[0].summary == "the last run of api-worker failed: exit 3");
  CHECK(alerts[0].since == MonoTime{} + 7s);
  fleet.slot(0).state = core::SlotState::Starting;  // the next one
  CHECK(fleet.names() == Names{"HoldfastScheduledRunFailed"});
  fleet.slot(0).state = core::SlotState::Done;
  fleet.program().schedule->last->ok = true;
  CHECK(fleet.names().empty());
}

TEST_CASE("a required program that lacks workers is an alert once a worker was restarted") {
  Fleet fleet;
  fleet.program().satisfied = fleet.snapshot.view.ready = false;
  fleet.program().ready = 0;
  CHECK(fleet.names().empty());  // it starts for the first time
  fleet.slot(0).restarts = 1;
  CHECK(fleet.names() == Names{"HoldfastNotReady"});
}

TEST_CASE("there are no readiness alerts while the stack drains") {
  Fleet fleet;
  fleet.program().satisfied = fleet.snapshot.view.ready = false;
  fleet.slot(0).restarts = 1;
  fleet.snapshot.view.draining = true;
  CHECK(fleet.names().empty());
}

TEST_CASE("the most severe comes first: the database before Redis and a failed reload") {
  Fleet fleet;
  fleet.snapshot.last_reload_ok = false;
  telemetry::Totals totals;
  totals.redis = telemetry::Reach{1, 2};
  totals.database = telemetry::Reach{0, 3};
  CHECK(fleet.names(totals) ==
        Names{"HoldfastStoreUnavailable", "HoldfastRedisUnavailable", "HoldfastReloadFailed"});
}

TEST_CASE("an embedding provider that some workers cannot use is an alert") {
  Fleet fleet;
  telemetry::Totals totals;
  totals.embedding = telemetry::Reach{2, 3};
  CHECK(fleet.names(totals) == Names{"HoldfastEmbeddingUnavailable"});
  totals.embedding = telemetry::Reach{3, 3};
  CHECK(fleet.names(totals).empty());
}

TEST_CASE("one outage of the store is one alert, whenever it began") {
  Fleet later;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{0, 3};
  CHECK(later.names(totals) == Names{"HoldfastStoreUnavailable"});

  Fleet at_start;
  auto own = std::make_shared<config::Program>(*at_start.program().config);
  own->command = {"holdfast-api-worker"};
  auto other = std::make_shared<config::Program>(*own);
  other->command = {"/usr/bin/other"};
  at_start.program().config = own;
  at_start.program().satisfied = at_start.snapshot.view.ready = false;
  at_start.program().ready = 0;
  for (const std::size_t number : {0U, 1U}) {
    at_start.slot(number).state = core::SlotState::CrashLoop;
    at_start.slot(number).restarts = 5;
    at_start.slot(number).crash_loop_since = MonoTime{} + std::chrono::seconds(7);
    at_start.slot(number).last_exit = core::ExitStatus{false, 69, false};
  }
  CHECK(at_start.names() == Names{"HoldfastStoreUnavailable"});
  // Another program may mean something else by 69.
  at_start.program().config = other;
  CHECK(at_start.names() ==
        Names{"HoldfastWorkerCrashLooping", "HoldfastWorkerCrashLooping", "HoldfastNotReady"});
}

TEST_CASE("a database that is short of space, or whose log grows, is an alert") {
  Fleet fleet;
  telemetry::Totals totals;
  totals.store_disk_free = 300.0 * (1 << 20);
  totals.store_log_bytes = 1000.0 * (1 << 20);
  CHECK(fleet.names(totals).empty());
  totals.store_disk_free = 200.0 * (1 << 20);
  CHECK(fleet.names(totals) == Names{"HoldfastStoreSpaceLow"});
  CHECK(active_alerts(fleet.snapshot, totals).front().summary ==
        "200 MiB are left for the database");
  totals.store_disk_free.reset();
  totals.store_log_bytes = 2048.0 * (1 << 20);
  CHECK(active_alerts(fleet.snapshot, totals).front().summary ==
        "the log of the database has grown to 2048 MiB");
}

TEST_CASE("a listener that a program has shut down is an alert, worse if it is still down") {
  Fleet fleet;
  fleet.snapshot.listener_troubles.push_back({"http", "it was opened anew", true, {}, {}});
  fleet.snapshot.listener_troubles.push_back({"web", "it cannot be opened anew", false, {}, {}});
  const auto alerts = active_alerts(fleet.snapshot, {});
  REQUIRE(alerts.size() == 2);
  CHECK(alerts[0].name == "HoldfastListenerShutDown");
  CHECK(alerts[0].severity == "critical");
  CHECK(alerts[0].target == "web");
  CHECK(alerts[1].severity == "warning");
}

TEST_CASE("every alert has a runbook of its name") {
  for (const char* name :
       {"HoldfastWorkerCrashLooping", "HoldfastNotReady", "HoldfastReloadFailed",
        "HoldfastStoreUnavailable", "HoldfastRedisUnavailable", "HoldfastScheduledRunFailed",
        "HoldfastMemoryHigh", "HoldfastListenerShutDown", "HoldfastStoreSpaceLow",
        "HoldfastEmbeddingUnavailable"}) {
    INFO(name);
    CHECK(std::filesystem::exists(std::filesystem::path(HOLDFAST_SOURCE_DIR) / "docs/runbooks" /
                                  (std::string(name) + ".md")));
  }
}
