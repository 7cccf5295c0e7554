// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_announcer.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

// An announcer whose reports and log lines are kept.
struct Stage {
  SystemClock clock;
  std::string output;
  log::Logger log = logger();
  EventLog events;
  LoopMetrics metrics;
  Reporter reporter{clock, log, events, metrics};
  ReadinessAnnouncer announcer{log, reporter};

  log::Logger logger() {
    log::LogOptions options;
    options.write = [this](std::string_view line) { output += line; };
    return log::Logger(options);
  }
  void fleet_is(bool ready, Duration after, bool development = false) {
    FleetSnapshot snapshot;
    snapshot.view.ready = ready;
    snapshot.taken_at = MonoTime{} + after;
    snapshot.listeners = {{"http", "0.0.0.0:3000"}, {"status", "127.0.0.1:9900"}};
    announcer.fleet_changed(snapshot, development);
  }
  std::vector<std::string> messages() const {
    std::vector<std::string> result;
    for (const EventRecord& event : events.since(0, 100))
      result.push_back(event.message);
    return result;
  }
};

using Messages = std::vector<std::string>;

}  // namespace

TEST_CASE("each time that the fleet becomes ready is reported once, with the time it took") {
  Stage stage;
  stage.announcer.start(MonoTime{} + 1s);
  stage.fleet_is(false, 2s);
  CHECK(stage.messages().empty());
  stage.fleet_is(true, 3s);
  stage.fleet_is(true, 4s);
  CHECK(stage.messages() == Messages{"fleet ready after 2000 ms"});
  stage.fleet_is(false, 10s);
  stage.fleet_is(false, 11s);
  stage.fleet_is(true, 12s);
  CHECK(stage.messages().back() == "fleet ready again after 2000 ms");
  CHECK(stage.messages().size() == 2);
}

TEST_CASE(
    "in development the first readiness comes with the commands to try, at an address that works") {
  Stage stage;
  stage.fleet_is(true, 1s, true);
  CHECK(stage.output.find("http://127.0.0.1:3000/api/documents") != std::string::npos);
  CHECK(stage.output.find("http://127.0.0.1:9900/") != std::string::npos);
  stage.output.clear();
  stage.fleet_is(false, 2s, true);
  stage.fleet_is(true, 3s, true);
  CHECK(stage.output.find("curl") == std::string::npos);
}

TEST_CASE("in production no commands are suggested") {
  Stage stage;
  stage.fleet_is(true, 1s);
  CHECK(stage.output.find("curl") == std::string::npos);
}
