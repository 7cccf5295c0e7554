// SPDX-License-Identifier: Apache-2.0
// The rate limit as clients meet it: statuses, headers, what counts, who is one client.
#include "api-worker/middleware/rate_limit.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

#include <map>
#include <set>

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;

namespace {

std::function<void(config::Config&)> limit(std::uint32_t max) {
  return [max](config::Config& config) {
    config.rate_limit.enabled = true;
    config.rate_limit.max = max;
    config.http.trusted_proxies = {"127.0.0.0/8"};  // X-Forwarded-For says who asks
  };
}

api::test::Fields from(const std::string& client) {
  return {{"X-Forwarded-For", client}};
}

int status_from(const ApiService& stack, const std::string& client,
                const std::string& target = "/api/queue") {
  return stack.get(target, from(client)).status;
}

std::vector<Quota> quotas() {
  return {{{"default", 100, 1min}, "192.0.2.1", {true, 42, 12s + 1ms}},
          {{"POST /api/documents", 20, 90s}, "192.0.2.1", {true, 3, 30s}}};
}

http::Response written(RateLimitHeaders headers, const std::vector<Quota>& quotas) {
  http::Response response;
  headers.write(quotas, WallTime(1'000'000'000s), response);
  return response;
}

}  // namespace

TEST_CASE("up to the limit requests pass and count down; the next is 429 with all that it needs") {
  const ApiService stack(limit(5));
  for (int left = 4; left >= 0; --left) {
    const auto response = stack.get("/api/queue");
    REQUIRE(response.status == 200);
    CHECK(header_of(response, "X-RateLimit-Limit") == "5");
    CHECK(header_of(response, "X-RateLimit-Remaining") == std::to_string(left));
    CHECK(header_of(response, "Retry-After") == "(none)");
  }
  const auto refused = stack.get("/api/queue", {{"X-Request-ID", "r-1"}});
  CHECK(refused.status == 429);
  CHECK(header_of(refused, "Content-Type") == "application/problem+json");
  CHECK(body_of(refused)["title"] == "Too Many Requests");
  CHECK(body_of(refused)["request_id"] == "r-1");
  CHECK(header_of(refused, "X-RateLimit-Remaining") == "0");
  CHECK(header_of(refused, "X-Frame-Options") == "DENY");
  const int wait = std::stoi(header_of(refused, "Retry-After"));
  CHECK(wait >= 59);
  CHECK(wait <= 65);
  CHECK(header_of(refused, "RateLimit") == fmt::format("\"default\";r=0;t={}", wait));
  CHECK(header_of(refused, "RateLimit-Policy").starts_with("\"default\";q=5;w=60;pk=:"));
  const std::int64_t reset = std::stoll(header_of(refused, "X-RateLimit-Reset"));
  CHECK(std::abs(reset - (SystemClock().wall().time_since_epoch() / 1s + wait)) <= 2);
}

TEST_CASE("errors and unknown paths count; health, metrics and internal paths do not") {
  const ApiService stack(limit(3));
  for (const char* free : {"/health", "/live", "/ready", "/metrics", "/internal/stats"}) {
    for (int i = 0; i < 5; ++i) {
      INFO(free);
      const auto response = stack.get(free);
      REQUIRE(response.status != 429);
      REQUIRE(header_of(response, "X-RateLimit-Limit") == "(none)");
    }
  }
  CHECK(stack.get("/nothing").status == 404);
  CHECK(stack.get("/api/documents/none").status == 404);
  CHECK(stack.call("DELETE", "/api/documents").status == 405);
  CHECK(stack.get("/nothing").status == 429);
  CHECK(stack.get("/healthy").status == 429);
  CHECK(stack.get("/health").status == 200);
}

TEST_CASE("clients are told apart by address, IPv6 by its network") {
  const ApiService stack(limit(1));
  CHECK(status_from(stack, "192.0.2.1") == 200);
  CHECK(status_from(stack, "192.0.2.1") == 429);
  CHECK(status_from(stack, "::ffff:192.0.2.1") == 429);
  CHECK(status_from(stack, "192.0.2.2") == 200);
  CHECK(status_from(stack, "2001:db8:0:1200::1") == 200);
  CHECK(status_from(stack, "2001:db8:0:12ff:1:2:3:4") == 429);
  CHECK(status_from(stack, "2001:db8:0:1300::1") == 200);
}

TEST_CASE("a forged X-Forwarded-For does not make a new client") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.rate_limit.max = 2;
  });
  CHECK(status_from(stack, "192.0.2.1") == 200);
  CHECK(status_from(stack, "192.0.2.2") == 200);
  CHECK(status_from(stack, "192.0.2.3") == 429);
}

TEST_CASE("a route can have a limit of its own on top of the general one") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.rate_limit.max = 5;
    config.rate_limit.routes = {"GET /api/documents/{id} 2/1m"};
  });
  CHECK(stack.get("/api/documents/1").status == 404);
  const auto second = stack.get("/api/documents/2");
  CHECK(header_of(second, "X-RateLimit-Limit") == "2");
  CHECK(header_of(second, "RateLimit").find("\"GET /api/documents/{id}\";r=0") !=
        std::string::npos);
  const auto refused = stack.get("/api/documents/3");
  CHECK(refused.status == 429);
  CHECK(header_of(refused, "X-RateLimit-Limit") == "2");
  CHECK(header_of(refused, "RateLimit").starts_with("\"default\";r=3;"));
  for (int i = 0; i < 20; ++i)
    CHECK(stack.get("/api/documents/3").status == 429);
  CHECK(stack.raw("HEAD /api/documents/3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            .starts_with("HTTP/1.1 429"));
  // What the route's limit refused has not counted under the general one.
  for (int i = 0; i < 3; ++i)
    CHECK(stack.get("/api/queue").status == 200);
  CHECK(stack.get("/api/queue").status == 429);
}

TEST_CASE("switched off, nobody is limited and nothing is said") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = false;
    config.rate_limit.max = 1;
  });
  for (int i = 0; i < 5; ++i) {
    const auto response = stack.get("/api/queue");
    REQUIRE(response.status == 200);
    REQUIRE(header_of(response, "RateLimit") == "(none)");
  }
}

TEST_CASE("refusals are counted") {
  const ApiService stack(limit(1));
  for (int i = 0; i < 4; ++i)
    stack.get("/api/queue");
  CHECK(stack.get("/metrics").body.find("rate_limit_rejected_total 3\n") != std::string::npos);
}

TEST_CASE("the families of headers say the same in their own forms") {
  const auto legacy = written({true, StandardHeaders::Off}, quotas());
  CHECK(header_of(legacy, "X-RateLimit-Limit") == "20");  // the one that is nearest its end
  CHECK(header_of(legacy, "X-RateLimit-Remaining") == "3");
  CHECK(header_of(legacy, "X-RateLimit-Reset") == "1000000030");
  CHECK(header_of(legacy, "RateLimit-Policy") == "(none)");

  const auto six = written({false, StandardHeaders::Draft6}, quotas());
  CHECK(header_of(six, "X-RateLimit-Limit") == "(none)");
  CHECK(header_of(six, "RateLimit-Policy") == "20;w=90");
  CHECK(header_of(six, "RateLimit-Limit") == "20");
  CHECK(header_of(six, "RateLimit-Remaining") == "3");
  CHECK(header_of(six, "RateLimit-Reset") == "30");

  const auto seven = written({false, StandardHeaders::Draft7}, quotas());
  CHECK(header_of(seven, "RateLimit-Policy") == "20;w=90");
  CHECK(header_of(seven, "RateLimit") == "limit=20, remaining=3, reset=30");

  // printf %s 192.0.2.1 | sha256sum | cut -c1-12 | tr -d '\n' | base64
  const auto eight = written({false, StandardHeaders::Draft8}, quotas());
  CHECK(header_of(eight, "RateLimit-Policy") ==
        "\"default\";q=100;w=60;pk=:MzdmY2ZmMjRiZjYy:, \"POST "
        "/api/documents\";q=20;w=90;pk=:MzdmY2ZmMjRiZjYy:");
  CHECK(header_of(eight, "RateLimit") == "\"default\";r=42;t=13, \"POST /api/documents\";r=3;t=30");
}

TEST_CASE("each client has its own partition key, however many there are") {
  PartitionKeys keys;
  std::map<std::string, std::string> seen;
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3000; ++i) {
      const std::string client = fmt::format("192.0.{}.{}", i / 250, i % 250);
      const std::string& key = keys.of(client);
      REQUIRE(key.size() == 16);
      REQUIRE(seen.emplace(client, key).first->second == key);
    }
  }
  std::set<std::string> different;
  for (const auto& [client, key] : seen)
    different.insert(key);
  CHECK(different.size() == 3000);
}

TEST_CASE("a refusal's wait is rounded up and never zero") {
  std::vector<Quota> refused = quotas();
  refused[0].decision = {false, 0, 1ms};
  const auto response = written({}, refused);
  CHECK(header_of(response, "Retry-After") == "1");
  CHECK(header_of(response, "X-RateLimit-Limit") == "100");
  CHECK(header_of(written({}, {}), "RateLimit") == "(none)");
}

TEST_CASE("of several limits, the headers describe the one that decides when more is admitted") {
  struct Row {
    const char* what;
    rate_limit::RateDecision general, route;
    const char *limit, *reset, *retry_after;
  };
  const std::vector<Row> rows{
      {"both refused, the route for longer", {false, 0, 11s}, {false, 0, 1h}, "20", "3600", "3600"},
      {"both refused, the general one for longer",
       {false, 0, 1h},
       {false, 0, 11s},
       "100",
       "3600",
       "3600"},
      {"one refused, though not for long", {true, 0, 1h}, {false, 0, 11s}, "20", "11", "11"},
      {"neither refused, but both spent", {true, 0, 11s}, {true, 0, 1h}, "20", "3600", "(none)"},
      {"neither refused, one is nearer its end",
       {true, 2, 11s},
       {true, 3, 1h},
       "100",
       "11",
       "(none)"}};
  for (const Row& row : rows) {
    INFO(row.what);
    std::vector<Quota> both = quotas();
    both[0].decision = row.general;
    both[1].decision = row.route;
    const auto response = written({true, StandardHeaders::Draft6}, both);
    CHECK(header_of(response, "X-RateLimit-Limit") == row.limit);
    CHECK(header_of(response, "RateLimit-Reset") == row.reset);
    CHECK(header_of(response, "X-RateLimit-Reset") ==
          std::to_string(1'000'000'000 + std::stoi(row.reset)));
    CHECK(header_of(response, "Retry-After") == row.retry_after);
  }
}

TEST_CASE("a client that two limits refuse is told to wait for the later one, in words too") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.rate_limit.max = 3;
    config.rate_limit.window = 10s;
    config.rate_limit.routes = {"GET /api/queue 3/1h"};
  });
  for (int i = 0; i < 3; ++i)
    REQUIRE(stack.get("/api/queue").status == 200);
  const auto refused = stack.get("/api/queue");
  CHECK(refused.status == 429);
  CHECK(std::stoi(header_of(refused, "Retry-After")) >= 3600);
  CHECK(body_of(refused)["detail"] ==
        fmt::format("Too many requests: the limit is 3 in 1h. Try again in {} s.",
                    header_of(refused, "Retry-After")));
}

TEST_CASE("one client is called by its address or network") {
  Client client;
  client.address = "unix";
  CHECK(rate_limit_key(client, 56) == "unix");
  client.address = "2001:db8:1:2ff:3::4";
  CHECK(rate_limit_key(client, 56) == "2001:db8:1:200::/56");
  CHECK(rate_limit_key(client, 64) == "2001:db8:1:2ff::/64");
  CHECK(rate_limit_key(client, 128) == "2001:db8:1:2ff:3::4/128");
  CHECK(rate_limit_key(client, 57) == "2001:db8:1:280::/57");
}
