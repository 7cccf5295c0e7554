// SPDX-License-Identifier: Apache-2.0
// What operators do to a running stack: look after its database and its queue.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <atomic>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

Finished queue_worker(const Stack& stack, const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{bin_dir() / "holdfast-queue-worker"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ProcessOptions options;
  options.environment = {{"HOLDFAST_CONFIG", stack.config_file().native()},
                         {"HOLDFAST_STATE_DIR", stack.file("state")}};
  return run_program(argv, options);
}

std::string post(Stack& stack, const std::string& content) {
  const auto answer = stack.post_json("/api/documents", {{"content", content}});
  REQUIRE(answer.status == 202);
  return json::parse(answer.body)["id"];
}

json queue_of(Stack& stack) {
  return json::parse(stack.get("/api/queue").body);
}

bool fires(Stack& stack, const std::string& name) {
  const json status = stack.status();
  if (!status.is_object()) return false;
  for (const json& alert : status["alerts"]) {
    if (alert.value("name", "") == name) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("the backlog is known, counted once, and an alert, though no queue worker runs") {
  Stack stack(
      api_workers(2) + "\n[alert_rule.HoldfastQueueBacklog]\nthreshold = \"1s\"\nfor = \"0s\"\n",
      kNoPort);
  stack.wait_ready();
  post(stack, "one");
  post(stack, "two");
  CHECK(wait_until(
      [&] { return Stack::sum_of(stack.metrics(), "queue_size", "state=\"ready\"") == 2; }));
  CHECK(wait_until([&] { return fires(stack, "HoldfastQueueBacklog"); }));
}

TEST_CASE("a paused queue waits, is looked at and changed, and goes on") {
  Stack stack(default_stack());
  stack.wait_ready();
  REQUIRE(queue_worker(stack, {"jobs", "pause"}).ended.value == 0);
  const std::string first = post(stack, "one");
  const std::string second = post(stack, "two");
  CHECK(queue_of(stack)["paused"] == true);
  CHECK(queue_of(stack)["ready"] == 2);
  CHECK(wait_until([&] { return Stack::sum_of(stack.metrics(), "queue_paused") == 1; }));

  const Finished listed = queue_worker(stack, {"jobs", "list", "--status", "ready", "--json"});
  REQUIRE(listed.ended.value == 0);
  const json jobs = json::parse(listed.output);
  REQUIRE(jobs.size() == 2);
  const std::string newest = std::to_string(jobs[0]["id"].get<std::int64_t>());
  CHECK(queue_worker(stack, {"jobs", "cancel", newest}).ended.value == 0);
  const json failed = document(stack, second);
  CHECK(failed["status"] == "failed");
  CHECK(failed["error"] == "its job was cancelled");

  REQUIRE(queue_worker(stack, {"jobs", "resume"}).ended.value == 0);
  CHECK(wait_ready(stack, {first}));
  CHECK(queue_worker(stack, {"jobs", "retry", newest}).ended.value == 0);
  CHECK(wait_ready(stack, {second}));
}

TEST_CASE("a database under load is checked and backed up, and not replaced") {
  Stack stack(default_stack());
  stack.wait_ready();
  std::atomic<bool> stop = false;
  std::atomic<int> refused = 0;
  std::thread load([&] {
    for (int i = 0; !stop; ++i) {
      const auto answer = stack.post_json("/api/documents", {{"content", "load"}});
      refused += answer.status != 202;
    }
  });
  const std::string copy = stack.file("copy.db");
  CHECK(queue_worker(stack, {"backup", copy}).ended.value == 0);
  CHECK(queue_worker(stack, {"check"}).ended.value == 0);
  const Finished restored = queue_worker(stack, {"restore", copy});
  CHECK(restored.ended.value == 69);
  CHECK(restored.output.find("in use") != std::string::npos);
  stop = true;
  load.join();
  CHECK(refused == 0);
  CHECK(Stack::sum_of(stack.fresh_metrics(), "store_database_bytes") > 0);
  CHECK(Stack::sum_of(stack.fresh_metrics(), "store_disk_free_bytes") > 0);
}

TEST_CASE("directories with spaces and other signs in their names serve as others do") {
  TempDir dir;
  const std::filesystem::path runtime = dir / "a stack #1" / "run?";
  Stack stack(default_stack(), {}, {}, runtime);
  stack.wait_ready();
  post(stack, "one");
  CHECK(stack.get("/ready").status == 200);  // which the supervisor answers
  CHECK(wait_until([&] {
    return Stack::sum_of(stack.metrics(), "http_requests_total", "route=\"/api/documents\"") == 1;
  }));
  ProcessOptions options;
  options.environment = {{"HOLDFAST_CONFIG", stack.config_file().native()},
                         {"HOLDFAST_RUNTIME_DIR", runtime.native()}};
  const Finished health = run_program({bin_dir() / "holdfast", "health", "--ready"}, options);
  INFO(health.output);
  CHECK(health.ended.value == 0);
}
