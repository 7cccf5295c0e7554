// SPDX-License-Identifier: Apache-2.0
// Request bodies: what is refused before one is read, and how much memory they may take.
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

#include <future>

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;
using api::test::ApiService;
using api::test::body_of;

namespace {

const api::test::Fields kText{{"Content-Type", "text/plain"}};

std::size_t documents(const ApiService& stack) {
  return body_of(stack.get("/api/documents"))["documents"].size();
}

}  // namespace

TEST_CASE("what the head decides is decided before the body, and before 100 Continue") {
  ApiService stack([](config::Config& config) {
    config.auth.required = true;
    config.rate_limit.enabled = true;
    config.rate_limit.max = 1;  // of clients without a key
  });
  const std::string reader = "X-API-Key: " + stack.make_api_key(store::Scope::Read) + "\r\n";
  const std::string writer = "X-API-Key: " + stack.make_api_key(store::Scope::Write) + "\r\n";
  const std::string json = "Content-Type: application/json\r\n";
  struct Row {
    std::string line;
    std::string fields;
    std::string status;
  };
  const std::vector<Row> rows{
      {"POST /api/documents", json, "401"},
      {"POST /api/documents", json, "429"},
      {"POST /api/documents", reader + json, "403"},
      {"POST /api/nothing", writer + json, "404"},
      {"DELETE /api/documents", writer + json, "405"},
      {"POST /api/documents", writer + "Content-Type: text/html\r\n", "415"},
      {"PUT /api/documents/0190c2a5-7c1e-7abc-8def-0123456789ab", writer, "415"},
      {"PUT /api/documents/7", writer + json, "404"},
      {"POST /api/jobs/x/retry", writer, "404"},
      {"POST /api/jobs/x/cancel", writer, "403"},
      {"POST /api/documents", writer + "Content-Type: text/plain; charset=latin1\r\n", "415"},
      {"POST /api/search", writer + "Content-Type: text/plain\r\n", "415"},
      {"POST /api/search", writer + json + "Content-Encoding: br\r\n", "415"},
      {"PUT /api/documents/0190c2a5-7c1e-7abc-8def-0123456789ab",
       writer + "Content-Type: text/plain\r\nContent-Range: bytes 10-12/26\r\n", "400"},
      {"POST /api/search", writer + json + "Content-Range: bytes 0-1/2\r\n", "400"},
      // Last: after an invalid key this client is not asked for another one.
      {"POST /api/documents", "X-API-Key: hf_unknown\r\n" + json, "401"},
  };
  for (const Row& row : rows) {
    for (const char* expect : {"", "Expect: 100-continue\r\n"}) {
      INFO(row.line << " " << row.fields << expect);
      // The body never comes. An answer therefore shows that nobody waited for it.
      const std::string answer = stack.raw(row.line + " HTTP/1.1\r\nHost: x\r\n" + row.fields +
                                           expect + "Content-Length: 1000\r\n\r\n");
      // The second of a client without a valid key is one too many.
      const bool again = row.status == "401" && *expect != '\0';
      CHECK(answer.starts_with("HTTP/1.1 " + (again ? "429" : row.status)));
    }
  }
  const std::string large = stack.raw("POST /api/documents HTTP/1.1\r\nHost: x\r\n" + writer +
                                      json + "Content-Length: 11000000\r\n\r\n");
  CHECK(large.starts_with("HTTP/1.1 413"));
}

TEST_CASE("a part of a document replaces nothing") {
  const ApiService stack;
  const auto whole = stack.call("POST", "/api/documents", kText, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
  REQUIRE(whole.status == 202);
  const std::string path = "/api/documents/" + body_of(whole)["id"].get<std::string>();
  for (const char* range : {"bytes 10-12/26", "bytes 10-12/*", "bytes */26", "lines 1-1/3", ""}) {
    INFO(range);
    auto fields = kText;
    fields.emplace_back("Content-Range", range);
    const auto refused = stack.call("PUT", path, fields, "KLM");
    CHECK(refused.status == 400);
    CHECK(body_of(refused)["detail"].get<std::string>().find("Content-Range") != std::string::npos);
  }
  CHECK(stack.get(path + "/content").body == "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
}

TEST_CASE("only what may carry a document may be as large as one") {
  const ApiService stack([](config::Config& config) { config.http.body_timeout = 100ms; });
  const std::string id = "0190c2a5-7c1e-7abc-8def-0123456789ab";
  const auto asked = [&](const std::string& line) {
    return stack.raw(line +
                     " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nIf-Match: *\r\n"
                     "Expect: 100-continue\r\nContent-Length: 9000000\r\n"
                     "Connection: close\r\n\r\n");
  };
  for (const std::string line :
       {"GET /api/documents", "DELETE /api/documents", "PATCH /api/documents",
        "GET /api/documents/0190c2a5-7c1e-7abc-8def-0123456789ab",
        "DELETE /api/documents/0190c2a5-7c1e-7abc-8def-0123456789ab",
        "PUT /api/documents/0190c2a5-7c1e-7abc-8def-0123456789ab/content"}) {
    INFO(line);
    CHECK(asked(line).starts_with("HTTP/1.1 413"));
  }
  CHECK(asked("PUT /api/documents/notauuid").starts_with("HTTP/1.1 404"));
  for (const std::string& line :
       {std::string("POST /api/documents"), std::string("POST /api/documents/batch"),
        "PUT /api/documents/" + id}) {
    INFO(line);
    CHECK(asked(line).starts_with("HTTP/1.1 100 Continue"));
  }
}

TEST_CASE("a request is counted and logged once, whether or not its body comes") {
  ApiService stack([](config::Config& config) { config.http.body_timeout = 100ms; });
  const std::string head =
      "POST /api/documents HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n"
      "Content-Length: 5\r\n";
  CHECK(stack.raw(head + "X-Request-ID: never\r\n\r\nab").starts_with("HTTP/1.1 408"));
  CHECK(stack.raw(head + "X-Request-ID: comes\r\nConnection: close\r\n\r\nabcde")
            .starts_with("HTTP/1.1 202"));
  const std::string metrics = stack.get("/metrics").body;
  const std::string series = "http_requests_total{method=\"POST\",route=\"/api/documents\",status=";
  CHECK(metrics.find(series + "\"408\"} 1\n") != std::string::npos);
  CHECK(metrics.find(series + "\"202\"} 1\n") != std::string::npos);
  CHECK(metrics.find("http_requests_in_flight 1\n") != std::string::npos);  // this one
  int never = 0;
  for (const auto& line : stack.stop_and_read_log()) {
    if (line.value("request_id", "") != "never") continue;
    ++never;
    CHECK(line["msg"] == "request refused");
    CHECK(line["status"] == 408);
    CHECK(line["route"] == "/api/documents");
  }
  CHECK(never == 1);
}

TEST_CASE("writes whose clients were told 503 are not done later, and their bodies still count") {
  ApiService stack([](config::Config& config) {
    config.http.handler_timeout = 1s;
    config.http.body_memory = 4u << 20;
  });
  const auto kept = stack.call("POST", "/api/documents", kText, "kept");
  REQUIRE(kept.status == 202);
  const std::string id = body_of(kept)["id"];
  auto stall = stack.stall_writes();
  CHECK(stack.call("DELETE", "/api/documents/" + id).status == 503);
  CHECK(stack.call("PUT", "/api/documents/" + id, kText, "changed").status == 503);
  const std::string megabyte(1u << 20, 'm');
  int told = 0;
  http::Response refused;
  // Each waits in the store's queue after its client has gone, until half of the memory is taken.
  REQUIRE(holdfast::test::wait_until([&] {
    refused = stack.call("POST", "/api/documents", kText, megabyte);
    REQUIRE(refused.status == 503);
    ++told;
    return refused.body.find("too many request bodies") != std::string::npos;
  }));
  CHECK(told <= 4);
  stall.reset();
  // Behind all of those in the queue.
  REQUIRE(holdfast::test::wait_until(
      [&] { return stack.call("POST", "/api/documents", kText, megabyte).status == 202; }));
  CHECK(documents(stack) == 2);
  CHECK(body_of(stack.get("/api/documents/" + id))["version"] == 1);
}

TEST_CASE("large answers that nobody reads count like bodies, each client for itself") {
  ApiService stack([](config::Config& config) {
    config.http.body_memory = 24u << 20;
    config.http.trusted_proxies = {"127.0.0.1"};
  });
  const std::string text(8u << 20, 'x');  // more than both sockets' buffers hold
  const std::string id = body_of(stack.call("POST", "/api/documents", kText, text))["id"];
  const std::string target = "/api/documents/" + id + "/content";
  const auto of_client = [](const std::string& client) {
    return api::test::Fields{{"X-Forwarded-For", client}, {"Accept-Encoding", "identity"}};
  };
  const auto held = [&stack] {
    const std::string metrics = stack.scrape();
    const auto at = metrics.find("\nhttp_body_bytes ") + 17;
    return std::stod(metrics.substr(at, metrics.find('\n', at) - at));
  };
  const Fd unread =
      stack.send("GET " + target + " HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
  REQUIRE(holdfast::test::wait_until([&] { return held() >= static_cast<double>(text.size()); }));
  const auto refused = stack.get(target, of_client("192.0.2.1"));
  CHECK(refused.status == 503);
  CHECK(refused.headers.find("Retry-After") != nullptr);
  CHECK(stack.get("/api/documents", of_client("192.0.2.1")).status == 200);
  CHECK(stack.get(target, of_client("192.0.2.2")).status == 200);
  // It does not read, which is seen after two seconds: its own next answer takes the place.
  REQUIRE(holdfast::test::wait_until(
      [&] { return stack.get(target, of_client("192.0.2.1")).status == 200; }));
  int refusals = 0;
  for (const auto& line : stack.stop_and_read_log())
    refusals += line.value("status", 0) == 503 && line.value("client", "") == "192.0.2.1" ? 1 : 0;
  CHECK(refusals >= 1);
}
