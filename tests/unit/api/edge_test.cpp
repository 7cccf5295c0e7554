// SPDX-License-Identifier: Apache-2.0
// What every response has, whoever answers: routes, methods, refusals, logs and metrics.
#include "tests/support/catch.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// The access log lines of a stopped stack.
std::vector<nlohmann::json> access_lines(ApiService& stack) {
  std::vector<nlohmann::json> lines;
  for (auto& line : stack.stop_and_read_log()) {
    if (line["msg"] == "request completed" || line["msg"] == "request refused") {
      lines.push_back(std::move(line));
    }
  }
  return lines;
}

}  // namespace

TEST_CASE("unknown paths are 404, unknown methods 405 with Allow, OPTIONS 204 with Allow") {
  const ApiService stack;
  const http::Response missing = stack.get("/api/nothing");
  CHECK(missing.status == 404);
  CHECK(body_of(missing)["instance"] == "/api/nothing");
  CHECK(body_of(missing)["request_id"] == header_of(missing, "X-Request-ID"));

  const http::Response wrong = stack.call("DELETE", "/api/documents");
  CHECK(wrong.status == 405);
  CHECK(header_of(wrong, "Allow") == "GET, HEAD, POST, OPTIONS");
  CHECK(header_of(wrong, "Content-Type") == "application/problem+json");

  const http::Response options = stack.call("OPTIONS", "/api/documents/7");
  CHECK(options.status == 204);
  CHECK(header_of(options, "Allow") == "GET, HEAD, PUT, DELETE, OPTIONS");
  CHECK(stack.call("OPTIONS", "/nothing").status == 404);
  // About the server, not about a path.
  const std::string any = stack.raw("OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(any.starts_with("HTTP/1.1 204 No Content\r\n"));
  CHECK(has(any, "Allow: GET, HEAD, POST, PUT, DELETE, OPTIONS\r\n"));
}

TEST_CASE("every socket that the worker was handed is served, whatever its name and family") {
  const ApiService stack;
  CHECK(stack.get("/live").status == 200);
  const auto answer = http::fetch("GET", stack.unix_url("/live"), {}, "", {});
  REQUIRE(answer);
  CHECK(answer->status == 200);
}

TEST_CASE("HEAD answers as GET does, without the body") {
  const ApiService stack;
  const std::string answer =
      stack.raw("HEAD /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  CHECK(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(has(answer, "Content-Length: 15\r\n"));
  CHECK(answer.ends_with("\r\n\r\n"));
}

TEST_CASE("every response carries the request id and the security headers, errors too") {
  const ApiService stack;
  for (const char* target : {"/health", "/nothing", "/api/documents?limit=0", "/api/jobs/1"}) {
    INFO(target);
    const http::Response response = stack.get(target, {{"X-Request-ID", "mine"}});
    CHECK(header_of(response, "X-Request-ID") == "mine");
    CHECK(header_of(response, "X-Frame-Options") == "DENY");
    CHECK(header_of(response, "X-Content-Type-Options") == "nosniff");
  }
}

TEST_CASE("no cache that clients share may store what depends on who asks") {
  const ApiService stack([](config::Config& config) {
    config.auth.required = true;
    config.cors.origins = {"https://app.example.org"};
  });
  const api::test::Fields key{{"X-API-Key", stack.make_api_key(store::Scope::Write)}};
  const auto with = [&key](api::test::Fields more) {
    more.push_back(key.front());
    return more;
  };
  const auto cache_of = [](const http::Response& r) { return header_of(r, "Cache-Control"); };
  const auto added =
      stack.call("POST", "/api/documents", with({{"Content-Type", "application/json"}}),
                 R"({"title":"t","content":"c"})");
  REQUIRE(added.status == 202);
  CHECK(cache_of(added) == "no-store");
  const std::string self = header_of(added, "Location");
  for (const std::string& path : {self, self + "/content"}) {
    const auto found = stack.get(path, key);
    CHECK(found.status == 200);
    CHECK(cache_of(found) == "private, no-cache");
    const auto known = stack.get(path, with({{"If-None-Match", header_of(found, "ETag")}}));
    CHECK(known.status == 304);
    CHECK(cache_of(known) == "private, no-cache");
    CHECK(cache_of(stack.call("HEAD", path, key)) == "private, no-cache");
    const auto refused = stack.get(path);
    CHECK(refused.status == 401);
    CHECK(cache_of(refused) == "no-store");
    CHECK(cache_of(stack.get(path, with({{"If-Match", "\"77\""}}))) == "no-store");
  }
  for (const char* const path :
       {"/api/documents", "/api/search?q=c", "/api/jobs/1", "/api/jobs/9", "/api/queue",
        "/api/nothing", "/internal/stats", "/metrics", "/nothing"}) {
    INFO(path);
    CHECK(cache_of(stack.get(path, key)) == "no-store");
    CHECK(cache_of(stack.get(path)) == "no-store");
    CHECK(cache_of(stack.call("DELETE", path, key)) == "no-store");
  }
  CHECK(has(stack.raw("GET  /\r\n\r\n"), "Cache-Control: no-store\r\n"));
  const auto description = stack.get("/openapi.json");
  CHECK(cache_of(description) == "no-cache");
  CHECK(cache_of(stack.get("/openapi.json", {{"If-None-Match", header_of(description, "ETag")}})) ==
        "no-cache");
  const auto preflight =
      stack.call("OPTIONS", self,
                 {{"Origin", "https://app.example.org"}, {"Access-Control-Request-Method", "PUT"}});
  CHECK(preflight.status == 204);
  CHECK(cache_of(preflight) == "(none)");
}

TEST_CASE("a request that the server refuses still gets an id, the headers and a problem") {
  ApiService stack;
  const std::string head = "HTTP/1.1\r\nHost: x\r\n";
  struct Row {
    std::string bytes;
    std::string status;
  };
  const std::vector<Row> rows{
      {"rubbish\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\n\r\n", "400"},  // no Host
      {"GET /%zz " + head + "\r\n", "400"},
      {"GET / " + head + "X: " + std::string(20'000, 'a') + "\r\n\r\n", "431"},
      {"POST /api/search " + head + "Content-Length: 2000000\r\n\r\n", "413"},
      {"POST /api/documents " + head + "Connection: close\r\n\r\n", "411"},
  };
  for (const Row& row : rows) {
    INFO(row.bytes.substr(0, 60));
    const std::string answer = stack.raw(row.bytes);
    CHECK(answer.starts_with("HTTP/1.1 " + row.status));
    CHECK(has(answer, "\r\nX-Request-ID: "));
    CHECK(has(answer, "\r\nX-Frame-Options: DENY\r\n"));
    CHECK(has(answer, "\r\nContent-Type: application/problem+json\r\n"));
    CHECK(has(answer, "\"request_id\":\""));
  }
  const auto lines = access_lines(stack);
  REQUIRE(lines.size() == rows.size());
  CHECK(lines[0]["msg"] == "request refused");
  CHECK(lines[0]["status"] == 400);
  CHECK_FALSE(lines[0]["reason"].get<std::string>().empty());
  CHECK(lines[0]["route"] == "unmatched");
  CHECK(lines[4]["status"] == 413);
  CHECK(lines[4]["route"] == "/api/search");
  CHECK(lines[5]["msg"] == "request completed");
  CHECK_FALSE(lines[5].contains("reason"));
}

TEST_CASE("documents may be larger than other bodies") {
  const ApiService stack;
  const std::string text(2u << 20, 'a');
  CHECK(stack.call("POST", "/api/documents", {{"Content-Type", "text/plain"}}, text).status == 202);
  const ApiService small([](config::Config& config) { config.http.max_document_bytes = 100; });
  CHECK(
      small.call("POST", "/api/documents", {{"Content-Type", "text/plain"}}, std::string(101, 'a'))
          .status == 413);
}

TEST_CASE("one log line per response says who asked what and how it went") {
  ApiService stack([](config::Config& config) { config.http.trusted_proxies = {"127.0.0.0/8"}; });
  stack.get("/api/documents/7?secret=1",
            {{"X-Request-ID", "r-1"},
             {"X-Forwarded-For", "198.51.100.7"},
             {"User-Agent", "test \"agent\""},
             {"traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}});
  stack.get("/health", {{"X-Request-ID", "r-2"}});
  const auto lines = access_lines(stack);
  REQUIRE(lines.size() == 2);
  const auto& line = lines[0];
  CHECK(line["level"] == "info");
  CHECK(line["request_id"] == "r-1");
  CHECK(line["method"] == "GET");
  CHECK(line["path"] == "/api/documents/7");
  CHECK(line["route"] == "/api/documents/{id}");
  CHECK(line["status"] == 404);
  CHECK(line["duration_ms"].get<double>() >= 0);
  CHECK(line["bytes"].get<int>() > 0);
  CHECK(line["client"] == "198.51.100.7");
  CHECK(line["peer"] == "127.0.0.1");
  CHECK(line["trace_id"] == "0af7651916cd43dd8448eb211c80319c");
  CHECK(line["user_agent"] == "test \"agent\"");
  CHECK_FALSE(has(line.dump(), "secret"));
  CHECK_FALSE(lines[1].contains("trace_id"));
}

TEST_CASE("requests are counted by method, route and status, whatever clients invent") {
  const ApiService stack;
  stack.get("/api/documents/1");
  stack.get("/api/documents/2");
  stack.get("/nothing/1");
  stack.get("/nothing/2");
  stack.call("BREW", "/health");
  const http::Response metrics = stack.get("/metrics");
  REQUIRE(metrics.status == 200);
  CHECK(has(header_of(metrics, "Content-Type"), "text/plain; version=0.0.4"));
  const std::string& text = metrics.body;
  const std::string total = "http_requests_total{method=";
  CHECK(has(text, total + R"("GET",route="/api/documents/{id}",status="404"} 2)"));
  CHECK(has(text, total + R"("GET",route="unmatched",status="404"} 2)"));
  CHECK(has(text, total + R"("other",route="/health",status="405"} 1)"));
  CHECK(has(text, R"(http_request_duration_seconds_count{method="GET",route="unmatched"} 2)"));
  CHECK(has(text, "http_requests_in_flight 1\n"));  // this scrape itself
  CHECK_FALSE(has(text, "/nothing"));
  CHECK_FALSE(has(text, "BREW"));
}

TEST_CASE("a worker with a damaged store says 500 without its reasons, and logs them") {
  ApiService stack;
  const std::string id = body_of(stack.post_json("/api/documents", R"({"content":"c"})"))["id"];
  stack.damage_store();
  const http::Response response = stack.get("/api/documents/" + id, {{"X-Request-ID", "hurt"}});
  CHECK(response.status == 500);
  CHECK_FALSE(has(response.body, "SQL"));
  CHECK_FALSE(has(response.body, "document'"));
  bool logged = false;
  for (const auto& line : stack.stop_and_read_log()) {
    if (line["msg"] != "request failed") continue;
    logged = true;
    CHECK(line["level"] == "error");
    CHECK(line["request_id"] == "hurt");
    CHECK_FALSE(line["err"]["message"].get<std::string>().empty());
  }
  CHECK(logged);
}
