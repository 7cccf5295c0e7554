// SPDX-License-Identifier: Apache-2.0
// /ready?verbose of a real stack: what database, Redis and queue say, and that a lost Redis is a
// warning and no reason to turn traffic away.
#include "tests/integration/edge/redis_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

const std::string kMayAsk = "\n[http]\nmetrics_allow = [\"127.0.0.0/8\"]\n";

json readiness(Stack& stack) {
  const http::Response answer = stack.get("/ready?verbose");
  json body = json::parse(answer.body, nullptr, false);
  body["code"] = answer.status;
  return body;
}

bool wait_check(Stack& stack, const std::string& name, const std::string& status) {
  return wait_until([&] { return readiness(stack)["checks"][name]["status"] == status; });
}

}  // namespace

TEST_CASE("/ready?verbose: every worker reaches the database, the queue is counted, no Redis") {
  Stack stack(default_stack(kMayAsk));
  stack.wait_ready();
  REQUIRE(wait_until([&] { return readiness(stack)["checks"]["database"]["reached_by"] == 3; }));
  REQUIRE(wait_ready(stack, {post_document(stack, {"one", "a few words to embed"})}));
  REQUIRE(wait_until(
      [&] { return readiness(stack)["checks"]["queue"]["queues"]["default"]["done"] == 1; }));
  const json body = readiness(stack);
  CHECK(body["code"] == 200);
  CHECK(body["status"] == "pass");
  CHECK(body["checks"]["database"]["workers"] == 3);
  CHECK(body["checks"]["redis"]["status"] == "unused");
  CHECK(body["programs"].size() == 3);
}

TEST_CASE("/ready: a Redis that dies is a warning while the stack goes on, and passes when back") {
  RedisServer redis;
  Stack stack(default_stack(kMayAsk), {{"REDIS_URL", redis.url()}});
  stack.wait_ready();
  REQUIRE(wait_check(stack, "redis", "pass"));
  redis.kill();
  // Its loss is noticed when a request has to be counted; another worker may answer as it was a
  // moment ago.
  json down;
  REQUIRE(wait_until([&] {
    stack.get("/api/queue");
    down = readiness(stack);
    return down["checks"]["redis"]["status"] == "fail";
  }));
  CHECK(down["code"] == 200);
  CHECK(down["status"] == "warn");
  CHECK(stack.get("/api/queue").status == 200);
  redis.start();
  REQUIRE(wait_check(stack, "redis", "pass"));
  CHECK(wait_until([&] { return readiness(stack)["status"] == "pass"; }));
}
