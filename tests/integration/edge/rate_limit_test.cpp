// SPDX-License-Identifier: Apache-2.0
// The limit over whole stacks: 101 requests, of which the last is refused, whatever worker or host
// they hit, and whatever happens to the workers meanwhile.
#include "tests/integration/edge/redis_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <atomic>
#include <csignal>
#include <set>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string workers(int count, const std::string& more = "") {
  return default_stack(more + "\n" +
                       api_workers(count, "min_ready = " + std::to_string(count) + "\n"));
}

const std::map<std::string, std::string> kHundred{{"RATE_LIMIT_MAX", "100"}};

// A connection each, as curl makes them: whichever worker accepts it.
int get_queue(Stack& stack) {
  return http::fetch("GET", stack.api() + "/api/queue", {}, "")->status;
}

std::vector<int> get_queue(Stack& stack, int times) {
  const std::string url = stack.api() + "/api/queue";
  std::vector<int> statuses;
  for (int i = 0; i < times; ++i)
    statuses.push_back(http::fetch("GET", url, {}, "")->status);
  return statuses;
}

// How many API workers have answered a request.
int workers_that_answered(Stack& stack, int count) {
  int answered = 0;
  for (int slot = 0; slot < count; ++slot) {
    const auto metrics = http::fetch(
        "GET",
        "unix:" +
            (stack.runtime_dir() / "workers" / ("api-worker." + std::to_string(slot) + ".sock"))
                .string() +
            ":/metrics",
        {}, "");
    if (metrics && Stack::sum_of(metrics->body, "http_requests_total") > 0) ++answered;
  }
  return answered;
}

std::vector<int> hundred_and_one() {
  std::vector<int> statuses(100, 200);
  statuses.push_back(429);
  return statuses;
}

}  // namespace

TEST_CASE("of 101 requests the last is refused, with two and with four API workers") {
  for (const int count : {2, 4}) {
    INFO(count << " workers");
    Stack stack(workers(count), kHundred);
    stack.wait_ready();
    CHECK(get_queue(stack, 101) == hundred_and_one());
    CHECK(workers_that_answered(stack, count) >= 2);
    const auto refused = stack.get("/api/queue");
    CHECK(refused.headers.find("Retry-After") != nullptr);
    CHECK(wait_until(
        [&] { return Stack::sum_of(stack.metrics(), "rate_limit_rejected_total") == 2; }));
    for (const char* free : {"/health", "/live", "/ready"})
      CHECK(stack.get(free).status == 200);
    CHECK(stack.get("/metrics").status == 403);
  }
}

TEST_CASE("concurrent clients of four workers are admitted up to the limit, not one more or less") {
  Stack stack(workers(4), kHundred);
  stack.wait_ready();
  const std::string url = stack.api() + "/api/queue";
  std::atomic<int> admitted{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      for (int j = 0; j < 25; ++j) {
        const auto answer = http::fetch("GET", url, {}, "");
        if (answer && answer->status == 200) ++admitted;
        if (answer && answer->status == 429) ++refused;
      }
    });
  }
  for (std::thread& client : clients)
    client.join();
  CHECK(admitted == 100);
  CHECK(refused == 100);
}

TEST_CASE("the count survives workers that are killed, restarted or replaced") {
  Stack stack(workers(2), kHundred);
  stack.wait_ready();
  REQUIRE(get_queue(stack, 60) == std::vector<int>(60, 200));
  for (const std::string name : {"api-worker.0", "api-worker.1"}) {
    const pid_t pid = stack.pid_of(name);
    signal_process(pid, SIGKILL);
    REQUIRE(
        wait_until([&] { return stack.pid_of(name) != pid && stack.state_of(name) == "ready"; }));
  }
  REQUIRE(get_queue(stack, 20) == std::vector<int>(20, 200));
  REQUIRE(stack.command({"restart", "api-worker"}).exit_code == 0);
  REQUIRE(get_queue(stack, 20) == std::vector<int>(20, 200));
  CHECK(get_queue(stack) == 429);
}

TEST_CASE("two stacks share one limit through Redis, and limit separately while it is away") {
  RedisServer redis;
  const std::map<std::string, std::string> shared{{"RATE_LIMIT_MAX", "100"},
                                                  {"REDIS_URL", redis.url()}};
  // The count is under test; a busy machine must not turn this into a test of time.
  const std::string patient = "[rate_limit]\nredis_timeout = \"5s\"\n";
  Stack one(workers(2, patient), shared);
  Stack two(workers(2, patient), shared);
  one.wait_ready();
  two.wait_ready();
  // Both workers of a stack have said it, for the n-th time.
  const auto both_said = [](Stack& stack, const std::string& text) {
    const std::string log = stack.supervisor().output();
    std::size_t count = 0;
    for (auto at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
      ++count;
    return count == 2;
  };
  const auto in_redis = [](Stack& stack) {
    return Stack::sum_of(stack.metrics(), "rate_limit_redis_up");
  };
  REQUIRE(wait_until([&] { return in_redis(one) == 2 && in_redis(two) == 2; }));
  const auto fallbacks = [](Stack& stack) {
    return Stack::sum_of(stack.metrics(), "rate_limit_fallback_total");
  };
  std::vector<int> statuses;
  for (int i = 0; i < 50; ++i) {
    statuses.push_back(get_queue(one));
    statuses.push_back(get_queue(two));
  }
  statuses.push_back(get_queue(two));
  CHECK(statuses == hundred_and_one());
  CHECK(get_queue(one) == 429);
  CHECK(fallbacks(one) + fallbacks(two) == 0);

  redis.kill();
  REQUIRE(wait_until([&] { return both_said(one, "Redis is unavailable"); }));
  REQUIRE(wait_until([&] { return both_said(two, "Redis is unavailable"); }));
  CHECK(get_queue(one) == 200);
  CHECK(get_queue(two) == 200);
  CHECK(wait_until([&] { return fallbacks(one) > 0 && fallbacks(two) > 0; }));

  redis.start();
  REQUIRE(wait_until([&] { return both_said(one, "Redis is back"); }));
  REQUIRE(wait_until([&] { return both_said(two, "Redis is back"); }));
  std::vector<int> again;
  for (int i = 0; i < 100; ++i)
    again.push_back(get_queue(i % 2 == 0 ? one : two));
  again.push_back(get_queue(one));
  CHECK(again == hundred_and_one());  // the new Redis has counted nothing before
}
