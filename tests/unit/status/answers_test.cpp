// SPDX-License-Identifier: Apache-2.0
// Health, series and the page through the handler, with a fake fleet and clock.
#include "supervisor/status/routes.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"

#include <nlohmann/json.hpp>

#include <initializer_list>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::status;
using nlohmann::json;

namespace {

// Counts the commands that arrive; each is done at once.
struct CountingControl : FleetControl {
  int commands = 0;
  void command(core::Command, Answer, Done done) override { count(done); }
  void reload(Answer, Done done) override { count(done); }
  void choose_log_level(std::vector<std::string>, std::optional<log::Level>, Done done) override {
    count(done);
  }
  void preview(config::SourceFiles, PreviewDone done) override { done({}); }

 private:
  void count(const Done& done) {
    ++commands;
    done({});
  }
};

using Query = std::vector<std::pair<std::string, std::string>>;

struct Endpoint {
  boost::asio::io_context io;
  test::ManualClock clock;
  SnapshotCell snapshots;
  Heartbeat heartbeat;
  EventLog log;
  logs::RecentLines lines;
  EventFeed events{io, log, "1"};
  LogFeed log_feed{io, lines};
  telemetry::StackHistory history;
  const Sources sources{snapshots,
                        heartbeat,
                        clock,
                        events,
                        log_feed,
                        [](const auto&, const http::Responder&) {},
                        [](std::int64_t) { return ProcessUsage{}; },
                        [this]() -> const telemetry::StackHistory& { return history; }};
  http::Handler handler = make_handler(sources, nullptr);

  Endpoint() {
    heartbeat.stamp(clock.mono());
    publish(2, false);
  }

  void publish(std::uint32_t ready, bool draining) {
    auto snapshot = std::make_shared<FleetSnapshot>();
    config::Program api;
    api.name = "api-worker";
    api.required = true;
    api.min_ready = 1;
    core::ProgramView program;
    program.config = std::make_shared<const config::Program>(std::move(api));
    program.wanted = 2;
    program.ready = ready;
    program.satisfied = ready >= 1;
    snapshot->view.programs.push_back(std::move(program));
    snapshot->view.draining = draining;
    snapshot->view.ready = ready >= 1 && !draining;
    snapshot->started_at = clock.mono() - std::chrono::seconds(90);
    snapshots.store(std::move(snapshot));
  }

  // Over the admin socket.
  http::Response ask(FleetControl& control, const std::string& method, const std::string& path,
                     const Query& query) {
    auto request = std::make_shared<http::Request>();
    request->method = method;
    request->path = path;
    request->query = query;
    http::Response got;
    make_handler(sources, &control)(request,
                                    [&](http::Response response) { got = std::move(response); });
    return got;
  }

  http::Response get(const std::string& path, const std::string& query = "",
                     const std::string& peer = "127.0.0.1") {
    auto request = std::make_shared<http::Request>();
    request->method = "GET";
    request->path = path;
    if (!query.empty()) request->query.emplace_back(query, "");
    request->peer = {peer, 4711, peer.empty()};
    http::Response got;
    handler(request, [&](http::Response response) { got = std::move(response); });
    return got;
  }
};

}  // namespace

TEST_CASE("/live fails if the main loop is stuck for five seconds, whatever the workers do") {
  Endpoint endpoint;
  endpoint.publish(0, false);
  CHECK(endpoint.get("/live").status == 200);
  endpoint.clock.advance(std::chrono::seconds(5));
  CHECK(endpoint.get("/live").status == 200);
  endpoint.clock.advance(std::chrono::milliseconds(1));
  const auto stuck = endpoint.get("/live");
  CHECK(stuck.status == 503);
  CHECK(json::parse(stuck.body)["status"] == "fail");
  endpoint.heartbeat.stamp(endpoint.clock.mono());
  CHECK(endpoint.get("/live").status == 200);
}

TEST_CASE("/live stays 200 while the stack drains") {
  Endpoint endpoint;
  endpoint.publish(2, true);
  CHECK(endpoint.get("/live").status == 200);
}

TEST_CASE(
    "/ready: 503 as soon as draining is published, and while a required program lacks workers") {
  Endpoint endpoint;
  CHECK(endpoint.get("/ready").status == 200);
  endpoint.publish(2, true);
  CHECK(endpoint.get("/ready").status == 503);
  CHECK(json::parse(endpoint.get("/ready").body)["reason"] == "draining");
  endpoint.publish(0, false);
  CHECK(endpoint.get("/ready").status == 503);
  CHECK(json::parse(endpoint.get("/ready").body)["reason"] ==
        "api-worker: 0 ready, at least 1 needed");
}

TEST_CASE(
    "/ready?verbose: programs with observed and wanted counts, database, Redis and queues, to this "
    "machine alone") {
  Endpoint endpoint;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{3, 3};
  totals.queues = telemetry::Queues{{"documents", {{"ready", 3}, {"dead", 1}}}};
  endpoint.history.add(totals);
  for (const char* near : {"127.0.0.1", "127.8.8.8", "::1", ""}) {
    CAPTURE(near);
    const json body = json::parse(endpoint.get("/ready", "verbose", near).body);
    CHECK(body["status"] == "pass");
    CHECK(body["programs"][0]["name"] == "api-worker");
    CHECK(body["programs"][0]["ready"] == 2);
    CHECK(body["programs"][0]["wanted"] == 2);
    const json& checks = body["checks"];
    CHECK(checks["database"] == json{{"status", "pass"}, {"reached_by", 3}, {"workers", 3}});
    CHECK(checks["redis"] == json{{"status", "unused"}});
    CHECK(checks["embedding"] == json{{"status", "unused"}});
    CHECK(checks["queue"]["status"] == "pass");
    CHECK(checks["queue"]["queues"]["documents"] == json{{"ready", 3}, {"dead", 1}});
  }
  for (const char* far : {"10.0.0.7", "128.0.0.1", "::2"}) {
    CAPTURE(far);
    CHECK(endpoint.get("/ready", "verbose", far).body == endpoint.get("/ready").body);
  }
}

TEST_CASE("/ready: what each check says, without figures and programs") {
  Endpoint endpoint;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{3, 3};
  totals.redis = telemetry::Reach{0, 3};
  totals.queues = telemetry::Queues{{"documents", {{"ready", 3}}}};
  endpoint.history.add(totals);
  CHECK(endpoint.get("/ready").status == 200);
  CHECK(json::parse(endpoint.get("/ready").body) == json::parse(R"({"status":"warn","checks":{
    "database":{"status":"pass"},"redis":{"status":"fail"},"embedding":{"status":"unused"},
    "queue":{"status":"pass"}}})"));
}

TEST_CASE("/ready: no checks while no worker of Holdfast's has reported any") {
  Endpoint endpoint;
  CHECK(json::parse(endpoint.get("/ready").body) == json{{"status", "pass"}});
}

TEST_CASE("/ready?verbose: a failing check is a warning, and the stack stays ready") {
  struct Row {
    telemetry::Reach redis;
    const char* check;
    const char* status;
  };
  const Row row = GENERATE(Row{{2, 2}, "pass", "pass"}, Row{{1, 2}, "warn", "warn"},
                           Row{{0, 2}, "fail", "warn"});
  Endpoint endpoint;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{2, 2};
  totals.redis = row.redis;
  endpoint.history.add(totals);
  const http::Response answer = endpoint.get("/ready", "verbose");
  CHECK(answer.status == 200);
  const json body = json::parse(answer.body);
  CHECK(body["checks"]["redis"]["status"] == row.check);
  CHECK(body["status"] == row.status);
  endpoint.publish(2, true);
  CHECK(json::parse(endpoint.get("/ready", "verbose").body)["status"] == "fail");
}

TEST_CASE("/ready: a database that workers cannot use is a reason to turn traffic away") {
  Endpoint endpoint;
  telemetry::Totals totals;
  totals.database = telemetry::Reach{0, 3};
  endpoint.history.add(totals);
  const http::Response brief = endpoint.get("/ready");
  CHECK(brief.status == 503);
  CHECK(json::parse(brief.body)["reason"] == "the database cannot be used by 3 workers");
  CHECK(json::parse(brief.body)["checks"]["database"] == json{{"status", "fail"}});
  const http::Response verbose = endpoint.get("/ready", "verbose");
  CHECK(verbose.status == 503);
  CHECK(json::parse(verbose.body)["status"] == "fail");
  CHECK(json::parse(verbose.body)["checks"]["database"]["status"] == "fail");
}

TEST_CASE("one answer to whether the stack is ready: /ready, /status and /health agree") {
  struct Row {
    const char* what;
    telemetry::Reach database;
    bool ready;
    const char* check;
  };
  const Row row =
      GENERATE(Row{"all can use the store", {3, 3, {}}, true, "pass"},
               Row{"one of three cannot", {2, 3, {}}, true, "warn"},
               Row{"none of a program that is not required", {2, 3, {"other"}}, true, "warn"},
               Row{"none of a required program", {1, 3, {"api-worker"}}, false, "fail"},
               Row{"none at all", {0, 3, {"api-worker", "other"}}, false, "fail"});
  CAPTURE(row.what);
  Endpoint endpoint;
  telemetry::Totals totals;
  totals.database = row.database;
  endpoint.history.add(totals);
  CHECK(endpoint.get("/ready").status == (row.ready ? 200 : 503));
  CHECK(json::parse(endpoint.get("/ready").body)["checks"]["database"]["status"] == row.check);
  const json status = json::parse(endpoint.get("/status").body);
  CHECK(status["ready"] == row.ready);
  CHECK(status["state"] == (row.ready ? "ready" : "degraded"));
  CHECK(json::parse(endpoint.get("/health").body)["state"] == status["state"]);
}

TEST_CASE("/ready?verbose: what no worker has reported is unknown") {
  Endpoint endpoint;
  const json checks = json::parse(endpoint.get("/ready", "verbose").body)["checks"];
  for (const char* name : {"database", "redis", "embedding", "queue"})
    CHECK(checks[name] == json{{"status", "unknown"}});
}

TEST_CASE("/health is always 200 and names the state of the stack") {
  Endpoint endpoint;
  CHECK(json::parse(endpoint.get("/health").body)["state"] == "ready");
  endpoint.publish(0, true);
  endpoint.clock.advance(std::chrono::hours(1));
  const auto answer = endpoint.get("/health");
  CHECK(answer.status == 200);
  CHECK(json::parse(answer.body)["status"] == "ok");
  CHECK(json::parse(answer.body)["state"] == "draining");
}

TEST_CASE("/series: columns of equal length, null where a value is unknown") {
  Endpoint endpoint;
  telemetry::Totals totals;
  totals.at = endpoint.clock.mono();
  endpoint.history.add(totals);
  totals.at += std::chrono::seconds(2);
  totals.unix_ms = 1234;
  totals.requests = 5;
  totals.memory_bytes = 1024;
  endpoint.history.add(totals);
  const json body = json::parse(endpoint.get("/series").body);
  CHECK(body["schema"] == 1);
  CHECK(body["interval_seconds"] == 2);
  CHECK(body["capacity"] == 150);
  CHECK(body["time"] == json::array({1234}));
  CHECK(body["requests_per_second"] == json::array({2.5}));
  CHECK(body["errors_per_second"] == json::array({0}));
  CHECK(body["memory_bytes"] == json::array({1024}));
  CHECK(body["p99_seconds"] == json::array({nullptr}));
  CHECK(body["queue_depth"] == json::array({nullptr}));
}

TEST_CASE("The page is at the root, and everything is read-only") {
  Endpoint endpoint;
  CHECK(endpoint.get("/").status == 200);
  CHECK(endpoint.get("/nothing").status == 404);
  auto request = std::make_shared<http::Request>();
  request->method = "POST";
  request->path = "/";
  endpoint.handler(request, [](const http::Response& response) { CHECK(response.status == 405); });
}

TEST_CASE("a parameter that is given twice is refused, and nothing is done") {
  Endpoint endpoint;
  CountingControl control;
  const auto refuses = [&](const char* method, const char* path, const Query& query,
                           const std::string& detail) {
    CAPTURE(method, path, query);
    const http::Response answer = endpoint.ask(control, method, path, query);
    CHECK(answer.status == 422);
    REQUIRE(answer.headers.find("Content-Type") != nullptr);
    CHECK(*answer.headers.find("Content-Type") == "application/problem+json");
    CHECK(json::parse(answer.body)["detail"] == detail);
  };
  for (const char* name : {"after", "last", "limit", "wait"}) {
    const std::string detail = std::string(name) + " must be given once";
    refuses("GET", "/events", {{name, "1"}, {name, "1"}}, detail);
    refuses("HEAD", "/events", {{name, "1"}, {name, "2"}}, detail);
  }
  for (const char* name : {"after", "lines", "wait"}) {
    refuses("GET", "/logs", {{name, "1"}, {"x", ""}, {name, "1"}},
            std::string(name) + " must be given once");
  }
  const std::pair<std::string, std::string> web{"name", "web"};
  refuses("POST", "/stop", {web, {"wait", "false"}, {"wait", "true"}}, "wait must be given once");
  refuses("POST", "/reload", {{"wait", "true"}, {"wait", "true"}}, "wait must be given once");
  refuses("POST", "/scale", {web, {"count", "1"}, {"count", "2"}}, "count must be given once");
  refuses("POST", "/signal", {web, {"signal", "HUP"}, {"signal", "USR1"}},
          "signal must be given once");
  refuses("POST", "/log-level", {{"level", "info"}, {"level", "info"}}, "level must be given once");
  refuses("POST", "/log-level", {{"reset", "true"}, {"reset", "true"}}, "reset must be given once");
  refuses("POST", "/alerts/silence", {{"for", "1h"}, {"for", "2h"}}, "for must be given once");
  refuses("POST", "/alerts/silence", {{"name", "a"}, {"name", "b"}}, "name must be given once");
  refuses("POST", "/alerts/unsilence", {{"target", "a"}, {"target", "b"}},
          "target must be given once");
  refuses("POST", "/alerts/test", {{"receiver", "a"}, {"receiver", "b"}},
          "receiver must be given once");
  CHECK(control.commands == 0);

  CHECK(endpoint.ask(control, "POST", "/stop", {web, {"name", "api"}}).status == 200);
  CHECK(endpoint.ask(control, "GET", "/status", {{"name", "api-worker"}, {"name", "api-worker"}})
            .status == 200);
  CHECK(control.commands == 1);
}

TEST_CASE("a value that a parameter cannot have is refused, not ignored") {
  Endpoint endpoint;
  CountingControl control;
  for (const char* value : {"", "x", "-1", "+1", "1.5", "1 ", "0x1", "18446744073709551616"}) {
    CAPTURE(value);
    for (const char* name : {"after", "last", "limit", "wait"}) {
      const auto answer = endpoint.ask(control, "GET", "/events", {{name, value}});
      CHECK(answer.status == 422);
      CHECK(json::parse(answer.body)["detail"] == std::string(name) + " must be a whole number");
    }
    for (const char* name : {"after", "lines", "wait"})
      CHECK(endpoint.ask(control, "GET", "/logs", {{name, value}}).status == 422);
    CHECK(endpoint.ask(control, "GET", "/events", {{"after", "0"}, {"limit", value}}).status ==
          422);
  }
  CHECK(endpoint.ask(control, "GET", "/events", {{"last", "18446744073709551615"}}).status == 200);
  CHECK(endpoint.ask(control, "GET", "/status", {{"limit", "x"}}).status == 200);

  for (const Query& query : std::initializer_list<Query>{{{"level", "loud"}},
                                                         {{"reset", "yes"}},
                                                         {{"reset", "false"}},
                                                         {{"level", "info"}, {"reset", "true"}},
                                                         {{"level", "info"}, {"reset", "no"}},
                                                         {}}) {
    CAPTURE(query);
    CHECK(endpoint.ask(control, "POST", "/log-level", query).status == 422);
  }
  CHECK(control.commands == 0);
  CHECK(endpoint.ask(control, "POST", "/log-level", {{"level", "info"}}).status == 200);
  CHECK(endpoint.ask(control, "POST", "/log-level", {{"reset", "true"}}).status == 200);
}
