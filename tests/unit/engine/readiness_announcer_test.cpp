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

  std::vector<std::pair<std::string, std::string>> listeners{{"http", "0.0.0.0:3000"}};
  std::shared_ptr<const config::Program> program = serving("/usr/bin/holdfast-api-worker", "http");

  static std::shared_ptr<const config::Program> serving(const std::string& executable,
                                                        const std::string& listener) {
    auto program = std::make_shared<config::Program>();
    program->name = "api";
    program->command = {executable};
    program->sockets = {listener};
    return program;
  }
  log::Logger logger() {
    log::LogOptions options;
    options.write = [this](std::string_view line) { output += line; };
    return log::Logger(options);
  }
  void fleet_is(bool ready, Duration after, bool development = false) {
    FleetSnapshot snapshot;
    snapshot.view.ready = ready;
    snapshot.taken_at = MonoTime{} + after;
    snapshot.listeners = listeners;
    snapshot.listeners.emplace_back("status", "127.0.0.1:9900");
    snapshot.view.programs.emplace_back().config = program;
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
  CHECK(stage.messages() == Messages{"fleet ready after 2000 ms: api 0/0"});
  stage.fleet_is(false, 10s);
  stage.fleet_is(false, 11s);
  stage.fleet_is(true, 12s);
  CHECK(stage.messages().back() == "fleet ready again after 2000 ms: api 0/0");
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

TEST_CASE("in development the API is announced wherever its workers serve it") {
  struct Row {
    const char* listener;
    const char* address;
    const char* announced;
  };
  const Row row = GENERATE(values<Row>({
      {"public", "127.0.0.1:8080", "http://127.0.0.1:8080/api/documents"},
      {"web", "[::]:8080", "http://[::1]:8080/api/documents"},
      {"edge", "10.0.0.7:80", "http://10.0.0.7:80/api/documents"},
      {"local", "unix:/run/api.sock",
       "curl --unix-socket '/run/api.sock' http://localhost/api/documents"},
  }));
  CAPTURE(row.listener);
  Stage stage;
  stage.listeners = {{"other", "127.0.0.1:1"}, {row.listener, row.address}};
  stage.program = Stage::serving("holdfast-api-worker", row.listener);
  stage.fleet_is(true, 1s, true);
  CHECK(stage.output.find(row.announced) != std::string::npos);
  CHECK(stage.output.find("127.0.0.1:1/") == std::string::npos);
}

TEST_CASE("a listener that another program serves is not announced as the API") {
  Stage stage;
  stage.program = Stage::serving("/usr/sbin/nginx", "http");
  stage.fleet_is(true, 1s, true);
  CHECK(stage.output.find("/api/documents") == std::string::npos);
  CHECK(stage.output.find("status  http://127.0.0.1:9900/") != std::string::npos);
}
