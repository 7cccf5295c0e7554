// SPDX-License-Identifier: Apache-2.0
// holdfast log-level: workers that run, and their successors, until the next reload.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::map<std::string, std::string> kJsonLines{{"PORT", "0"}, {"LOG_FORMAT", "json"}};

std::string foreign(const std::string& name) {
  return "[program." + name + "]\n" + command_of({"sleep", "1000"}) + "ready = \"started\"\n\n";
}

// How often the API worker has said this.
std::size_t said(Stack& stack, const std::string& message) {
  const std::string output = stack.supervisor().output();
  const std::string wanted = R"("level":"debug","msg":")" + message + "\"";
  std::size_t count = 0;
  for (auto at = output.find(wanted); at != std::string::npos; at = output.find(wanted, at + 1))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("log-level reaches a worker that runs, and those that take its place, until a reload") {
  Stack stack(api_workers(1) + foreign("plain"), kJsonLines);
  stack.wait_ready();
  const pid_t before = stack.pid_of("api-worker.0");
  const auto changed = stack.command({"log-level", "api-worker", "debug"});
  CHECK(changed.exit_code == 0);
  CHECK(changed.output == "log level of api-worker: debug, until the next reload\n");
  CHECK(stack.pid_of("api-worker.0") == before);
  CHECK(stack.status()["log_levels"]["api-worker"] == "debug");
  CHECK(stack.command({"status"}).output.find("log level of api-worker: debug") !=
        std::string::npos);
  CHECK(stack.wait_event("log_level", "api-worker"));

  // The old process drains, the new one gets ready: both say so at this level only.
  REQUIRE(stack.command({"restart", "api-worker"}).exit_code == 0);
  REQUIRE(wait_until([&] { return said(stack, "draining") == 1 && said(stack, "ready") == 1; }));

  REQUIRE(stack.command({"reload"}).exit_code == 0);
  CHECK_FALSE(stack.status().contains("log_levels"));
  REQUIRE(stack.command({"restart", "api-worker"}).exit_code == 0);
  REQUIRE(wait_until([&] {  // its first line after the restart is there, and none of it is debug
    return stack.wait_event("stopped") && stack.state_of("api-worker.0") == "ready";
  }));
  CHECK(said(stack, "draining") == 1);
  CHECK(said(stack, "ready") == 1);
}

TEST_CASE("log-level of one worker, of all, and back") {
  Stack stack(api_workers(2), kJsonLines);
  stack.wait_ready();
  REQUIRE(stack.command({"log-level", "api-worker.1", "trace"}).exit_code == 0);
  CHECK(stack.status()["log_levels"] == nlohmann::json{{"api-worker.1", "trace"}});
  REQUIRE(stack.command({"log-level", "debug"}).exit_code == 0);
  CHECK(stack.status()["log_levels"] ==
        nlohmann::json{{"api-worker", "debug"}, {"holdfast", "debug"}, {"migrate", "debug"}});
  REQUIRE(stack.command({"log-level", "api-worker.0", "error"}).exit_code == 0);
  REQUIRE(stack.command({"log-level", "--reset", "api-worker.0"}).exit_code == 0);
  CHECK(stack.status()["log_levels"]["api-worker"] == "debug");
  CHECK_FALSE(stack.status()["log_levels"].contains("api-worker.0"));
  REQUIRE(stack.command({"log-level", "--reset"}).exit_code == 0);
  CHECK_FALSE(stack.status().contains("log_levels"));
}

TEST_CASE("log-level refuses foreign programs, unknown names and unknown levels, and says why") {
  Stack stack(api_workers(1) + foreign("plain"), kJsonLines);
  stack.wait_ready();
  const auto refused = stack.command({"log-level", "plain", "debug"});
  CHECK(refused.exit_code == 1);
  CHECK(refused.output.find("plain has a logger of its own") != std::string::npos);
  CHECK(stack.command({"log-level", "api-worker", "plain", "debug"}).exit_code == 1);
  CHECK_FALSE(stack.status().contains("log_levels"));
  const auto unknown = stack.command({"log-level", "api-wroker", "debug"});
  CHECK(unknown.exit_code == 1);
  CHECK(unknown.output.find("did you mean 'api-worker'?") != std::string::npos);
  const auto level = stack.command({"log-level", "api-worker", "debgu"});
  CHECK(level.exit_code == 2);
  CHECK(level.output.find("'debgu' is not one of trace, debug, info, warn and error") !=
        std::string::npos);
  CHECK(stack.command({"log-level"}).exit_code == 2);
  // All: the supervisor and its own workers; others stay as they are.
  CHECK(stack.command({"log-level", "all", "debug"}).exit_code == 0);
}
