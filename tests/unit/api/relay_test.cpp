// SPDX-License-Identifier: Apache-2.0
// /health, /ready, /metrics and /internal: with a supervisor, with a broken one, and alone.
#include "tests/support/catch.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

#include <mutex>

using namespace holdfast;
using namespace holdfast::api;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;

namespace {

// A supervisor that answers every path with this.
api::test::Supervisor answering(int status, std::string body, std::string type) {
  return [=](const std::shared_ptr<http::Request>& request, const http::Responder& respond) {
    const bool verbose = request->query_value("verbose") != nullptr;
    http::Response response = http::Response::text(
        status, request->path + (verbose ? "?verbose" : "") + ": " + body, type);
    if (const std::string* accept = request->headers.find("Accept")) {
      response.body += " for " + *accept;
    }
    response.headers.set("X-Supervisor", "private");
    respond(response);
  };
}

// A supervisor that keeps every request until it is told to go on.
struct Stuck {
  std::mutex mutex;
  std::vector<http::Responder> waiting;

  api::test::Supervisor supervisor() {
    return [this](const std::shared_ptr<http::Request>&, const http::Responder& respond) {
      const std::lock_guard lock(mutex);
      waiting.push_back(respond);
    };
  }
  void release() {
    const std::lock_guard lock(mutex);
    for (const http::Responder& respond : waiting)
      respond(http::Response::json(200, "{}"));
    waiting.clear();
  }
};

}  // namespace

TEST_CASE("health and liveness are the worker's own, whatever the supervisor says") {
  const ApiService stack({}, answering(503, "down", "text/plain"));
  const http::Response health = stack.get("/health");
  CHECK(health.status == 200);
  CHECK(body_of(health)["status"] == "ok");
  CHECK(body_of(health)["uptime_seconds"].get<double>() >= 0);
  CHECK(header_of(health, "Cache-Control") == "no-store");
  CHECK(stack.get("/live").status == 200);
}

TEST_CASE("readiness is the supervisor's answer, passed on with its status") {
  const ApiService ready({}, answering(200, "yes", "application/json"));
  const http::Response yes = ready.get("/ready");
  CHECK(yes.status == 200);
  CHECK(yes.body == "/ready: yes");
  CHECK(header_of(yes, "Content-Type") == "application/json");
  CHECK(header_of(yes, "X-Supervisor") == "(none)");

  const ApiService unready({}, answering(503, "no", "application/json"));
  const http::Response no = unready.get("/ready");
  CHECK(no.status == 503);
  CHECK(no.body == "/ready: no");
}

TEST_CASE(
    "readiness in detail is asked of the supervisor for allowed networks, nobody behind a proxy") {
  const ApiService stack({}, answering(200, "yes", "application/json"));
  CHECK(stack.get("/ready?verbose").body == "/ready?verbose: yes");
  CHECK(stack.get("/ready?verbose=1").body == "/ready?verbose: yes");
  CHECK(stack.get("/ready?other").body == "/ready: yes");
  CHECK(stack.get("/ready?verbose", {{"X-Forwarded-For", "203.0.113.9"}}).body == "/ready: yes");
}

TEST_CASE("metrics are the supervisor's aggregate in the format that was asked for") {
  const ApiService stack({}, answering(200, "up 1", "text/plain; version=0.0.4"));
  const http::Response metrics =
      stack.get("/metrics", {{"Accept", "application/openmetrics-text"}});
  CHECK(metrics.status == 200);
  CHECK(metrics.body == "/metrics: up 1 for application/openmetrics-text");
  CHECK(header_of(metrics, "Content-Type") == "text/plain; version=0.0.4");
}

TEST_CASE("an answer that no supervisor gives is not passed on") {
  for (const int status : {204, 302, 404, 500}) {
    INFO(status);
    const ApiService stack({}, answering(status, "secret", "text/plain"));
    const http::Response response = stack.get("/ready");
    CHECK(response.status == 503);
    CHECK(header_of(response, "Content-Type") == "application/problem+json");
    CHECK(response.body.find("secret") == std::string::npos);
  }
}

TEST_CASE("a supervisor that does not answer within a second makes it 503") {
  Stuck stuck;
  ApiService stack({}, stuck.supervisor());
  const http::Response ready = stack.get("/ready", {{"X-Request-ID", "patient"}});
  CHECK(ready.status == 503);
  CHECK(header_of(ready, "Retry-After") == "1");
  CHECK(header_of(ready, "X-Request-ID") == "patient");
  CHECK(stack.get("/health").status == 200);
  bool reason_logged = false;
  stuck.release();
  for (const auto& line : stack.stop_and_read_log()) {
    if (line["msg"] == "request failed") reason_logged = line["request_id"] == "patient";
  }
  CHECK(reason_logged);
}

TEST_CASE("a supervisor that is gone makes it 503") {
  const ApiService stack({}, answering(200, "", "text/plain"));
  stack.remove_supervisor_socket();
  CHECK(stack.get("/ready").status == 503);
  CHECK(stack.get("/metrics").status == 503);
}

TEST_CASE("a handler that misses its time is answered for once, under its own request id") {
  Stuck stuck;
  ApiService stack(
      [](config::Config& config) { config.http.handler_timeout = std::chrono::milliseconds(50); },
      stuck.supervisor());
  const http::Response late = stack.get("/ready", {{"X-Request-ID", "late"}});
  CHECK(late.status == 503);
  CHECK(header_of(late, "X-Request-ID") == "late");
  CHECK(header_of(late, "X-Frame-Options") == "DENY");
  stuck.release();
  int lines = 0;
  for (const auto& line : stack.stop_and_read_log())
    lines += line["request_id"] == "late" ? 1 : 0;
  CHECK(lines == 1);
}

TEST_CASE("alone, readiness is the store's and metrics are the worker's own") {
  const ApiService stack;
  CHECK(stack.get("/ready").status == 200);
  CHECK(stack.get("/ready").body == R"({"status":"pass","checks":{"database":{"status":"pass"}}})");
  const http::Response metrics =
      stack.get("/metrics", {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  CHECK(metrics.status == 200);
  CHECK(header_of(metrics, "Content-Type").find("application/openmetrics-text") == 0);
  CHECK(header_of(metrics, "Vary").find("Accept") == 0);
  CHECK(metrics.body.ends_with("# EOF\n"));
}

TEST_CASE(
    "by default metrics, internal paths and readiness in detail are for nobody without a key") {
  const ApiService stack([](config::Config& config) { config.http.metrics_allow = {}; },
                         answering(200, "yes", "application/json"));
  // As curl on this host asks, and as nginx's plain proxy_pass asks for any client in the world.
  for (const char* version : {"1.0", "1.1"}) {
    for (const char* path : {"/metrics", "/internal/stats"}) {
      INFO(path << " " << version);
      const std::string answer =
          stack.raw(fmt::format("GET {} HTTP/{}\r\nHost: 127.0.0.1:{}\r\nConnection: close\r\n\r\n",
                                path, version, stack.port()));
      CHECK(answer.starts_with("HTTP/1.1 403"));
    }
  }
  CHECK(stack.get("/ready?verbose").body == "/ready: yes");
  // Nor through a Unix socket, which is a proxy's as well.
  const auto local = http::fetch("GET", stack.unix_url("/metrics"), {}, "", {});
  REQUIRE(local);
  CHECK(local->status == 403);
}

TEST_CASE("metrics and internal paths are for the networks that are allowed") {
  const ApiService undeclared_proxy([](config::Config& config) {
    config.http.metrics_allow = {"127.0.0.0/8", "203.0.113.0/24"};
  });
  const ApiService stack([](config::Config& config) {
    config.http.trusted_proxies = {"127.0.0.0/8"};
    config.http.metrics_allow = {"203.0.113.0/24"};
  });
  for (const char* path : {"/metrics", "/internal/stats"}) {
    INFO(path);
    CHECK(undeclared_proxy.get(path).status == 200);
    // A proxy that names somebody, and that nobody declared.
    for (const char* field : {"X-Forwarded-For", "Via", "Forwarded", "X-Real-IP"})
      CHECK(undeclared_proxy.get(path, {{field, "203.0.113.5"}}).status == 403);

    CHECK(stack.get(path, {{"X-Forwarded-For", "203.0.113.5"}}).status == 200);
    const http::Response refused = stack.get(path, {{"X-Forwarded-For", "198.51.100.1"}});
    CHECK(refused.status == 403);
    CHECK(header_of(refused, "Content-Type") == "application/problem+json");
    CHECK(stack.get(path).status == 403);
  }
}

TEST_CASE(
    "a request by a trusted proxy that names nobody reads no metrics, though its network may") {
  const ApiService stack([](config::Config& config) {
    config.http.trusted_proxies = {"127.0.0.1"};
    config.http.metrics_allow = {"127.0.0.0/8"};
  });
  for (const char* path : {"/metrics", "/internal/stats"}) {
    INFO(path);
    CHECK(stack.get(path).status == 200);
    CHECK(stack.get(path, {{"Via", "1.1 proxy"}}).status == 403);
    CHECK(stack.get(path, {{"X-Forwarded-For", "unknown"}}).status == 403);
    CHECK(stack.get(path, {{"X-Forwarded-For", "127.0.0.1"}}).status == 403);
    CHECK(stack.get(path, {{"X-Forwarded-For", "127.0.0.2"}}).status == 200);
  }
}

TEST_CASE("internal statistics describe this worker") {
  const ApiService stack;
  const http::Response stats = stack.get("/internal/stats");
  REQUIRE(stats.status == 200);
  CHECK(body_of(stats)["worker"] == "api-worker.0");
  CHECK(body_of(stats)["connections_open"] >= 1);
  CHECK(body_of(stats)["requests_in_flight"] == 1);
}

TEST_CASE("a configuration that cannot work is refused with what is wrong in it") {
  const auto bad_proxy = [](config::Config& config) { config.http.trusted_proxies = {"lan"}; };
  CHECK_THROWS_WITH(
      ApiService(bad_proxy),
      "http.trusted_proxies: 'lan' is not a network: write \"10.0.0.0/8\" or \"fd00::/8\"");
  const auto bad_network = [](config::Config& config) { config.http.metrics_allow = {"1/2"}; };
  CHECK_THROWS_WITH(ApiService(bad_network),
                    Catch::Matchers::StartsWith("http.metrics_allow: '1/2'"));
  const auto no_provider = [](config::Config& config) { config.embedding.provider = "oracle"; };
  CHECK_THROWS(ApiService(no_provider));
}
