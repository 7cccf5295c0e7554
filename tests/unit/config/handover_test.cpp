// SPDX-License-Identifier: Apache-2.0
#include "common/config/handover.hpp"

#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

Config handed(const Loaded& loaded, const std::string& program) {
  const auto text = handover_text(loaded.config, program);
  REQUIRE(text);
  auto again = load_handover(*text);
  REQUIRE(again);
  return std::move(again->config);
}

}  // namespace

TEST_CASE("a worker gets what the supervisor validated: variables, environment and secrets") {
  const Loaded loaded = load_good(R"(
environment = "development"
[store]
url = "postgresql://app:${PW}@db/docs"
[http]
max_body_bytes = "2MiB"
trusted_proxies = ["10.0.0.0/8"]
[rate_limit]
routes = ["POST /api/documents 20/1m"]
[cors]
origins = ["https://*.example.com"]
[program.api-worker]
command = ["holdfast-api-worker"]
sockets = ["http"]
stop_timeout = "7s"
environment = { API_TOKEN = "of the worker" }
[program.other]
command = ["other", "--password=x"]
)",
                                  {{"PW", "p$${w}\"'\\\n"},
                                   {"PORT", "8080"},
                                   {"REDIS_URL", "redis://:pw@cache/0"},
                                   {"LOG_LEVEL", "WARN"}});
  const Config config = handed(loaded, "api-worker");
  CHECK(config.environment == loaded.config.environment);
  CHECK(config.supervisor == loaded.config.supervisor);
  CHECK(config.listen == loaded.config.listen);
  CHECK(config.log == loaded.config.log);
  CHECK(config.metrics == loaded.config.metrics);
  CHECK(config.http == loaded.config.http);
  CHECK(config.rate_limit == loaded.config.rate_limit);
  CHECK(config.cors == loaded.config.cors);
  CHECK(config.security == loaded.config.security);
  CHECK(config.auth == loaded.config.auth);
  CHECK(config.store == loaded.config.store);
  CHECK(config.queue == loaded.config.queue);
  CHECK(config.embedding == loaded.config.embedding);
  CHECK(config.rate_limit.redis_url == "redis://:pw@cache/0");
  CHECK(config.listen.at("http").address == "0.0.0.0:8080");
  REQUIRE(config.programs.size() == 1);  // nothing of its neighbours
  CHECK(config.programs[0].name == "api-worker");
  CHECK(config.programs[0].stop_timeout == 7s);
  CHECK(config.programs[0].environment.empty());
}

TEST_CASE("the defaults can be handed over") {
  const Loaded loaded = load_good("");
  CHECK(handed(loaded, "queue-worker").store == loaded.config.store);
}

TEST_CASE("a value that a worker could not read is refused, and not shown") {
  const Loaded loaded =
      load_good("[store]\nurl = \"postgresql://app:${PASS}@db/docs\"\n", {{"PASS", "hunter2\xFF"}});
  const auto text = handover_text(loaded.config, "api-worker");
  REQUIRE_FALSE(text);
  CHECK(text.error().message.starts_with("[store] url is not UTF-8"));
  CHECK(text.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("what is no configuration is refused with its place") {
  const auto loaded = load_handover("[http\n");
  REQUIRE_FALSE(loaded);
  CHECK(format(loaded.error()).find("the configuration from the supervisor:1:") == 0);
}

}  // namespace holdfast::config
