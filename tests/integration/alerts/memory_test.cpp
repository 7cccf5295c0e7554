// SPDX-License-Identifier: Apache-2.0
// What the supervisor knows of its alerts, and keeps over restarts.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

json alerts_of(Stack& stack) {
  return json::parse(stack.command({"alerts", "--json"}).output, nullptr, false);
}

// The alert of this name that fires; null if none does.
json firing(Stack& stack, const std::string& name) {
  const json answer = alerts_of(stack);
  if (!answer.is_object()) return {};
  for (const json& alert : answer["firing"]) {
    if (alert.value("name", "") == name) return alert;
  }
  return {};
}

bool wait_firing(Stack& stack, const std::string& name) {
  return wait_until([&] { return !firing(stack, name).is_null(); });
}

void crash(Stack& stack, const std::string& worker) {
  const pid_t pid = stack.pid_of(worker);
  REQUIRE(pid > 0);
  REQUIRE(signal_process(pid, SIGSEGV) == 0);
  REQUIRE(
      wait_until([&] { return stack.state_of(worker) == "ready" && stack.pid_of(worker) != pid; }));
}

void stop(Stack& stack) {
  REQUIRE(signal_process(stack.supervisor().pid(), SIGTERM) == 0);
  stack.supervisor().wait();
}

}  // namespace

TEST_CASE("a crash is an alert in the status, the list and the metrics") {
  Stack stack(misbehaving("fragile", {"--ready"}), kNoPort);
  stack.wait_ready();
  CHECK(stack.command({"alerts"}).output == "No alert fires.\n");
  CHECK(stack.command({"alerts"}).exit_code == 0);
  crash(stack, "fragile.0");
  REQUIRE(wait_firing(stack, "HoldfastWorkerCrashed"));

  const json status = stack.status();
  REQUIRE(status["alerts"].size() == 1);
  CHECK(status["alerts"][0]["name"] == "HoldfastWorkerCrashed");
  CHECK(status["alerts"][0]["target"] == "fragile");
  CHECK(status["alerts"][0]["firing"] == true);
  CHECK(status["alerts"][0]["count"] == 1);
  const auto table = stack.command({"alerts"});
  INFO(table.output);
  CHECK(table.exit_code == 1);
  CHECK(table.output.find("HoldfastWorkerCrashed fragile\n") != std::string::npos);
  CHECK(table.output.find("SIGSEGV") != std::string::npos);
  CHECK(table.output.find("docs/runbooks/HoldfastWorkerCrashed.md") != std::string::npos);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_alerts_firing", "HoldfastWorkerCrashed") == 1);
}

TEST_CASE("a restart of the supervisor forgets neither what fires nor a silence") {
  Stack stack(misbehaving("fragile", {"--ready"}), kNoPort);
  stack.wait_ready();
  crash(stack, "fragile.0");
  REQUIRE(wait_firing(stack, "HoldfastWorkerCrashed"));
  const json before = firing(stack, "HoldfastWorkerCrashed");
  const auto silenced =
      stack.command({"alerts", "silence", "HoldfastWorker*", "2h", "--target", "fragile"});
  INFO(silenced.output);
  REQUIRE(silenced.exit_code == 0);
  stop(stack);

  stack.start();
  stack.wait_ready();
  REQUIRE(wait_firing(stack, "HoldfastWorkerCrashed"));
  const json after = firing(stack, "HoldfastWorkerCrashed");
  CHECK(after["id"] == before["id"]);
  CHECK(after["started_at"] == before["started_at"]);
  CHECK(after.contains("silenced_until"));
  CHECK(stack.command({"alerts"}).exit_code == 0);  // nothing that is not silenced
  crash(stack, "fragile.0");
  REQUIRE(wait_until([&] {
    return Stack::sum_of(stack.metrics(), "holdfast_notifications_suppressed_total", "silenced") >=
           1;
  }));
  // Another of the same episode.
  CHECK(firing(stack, "HoldfastWorkerCrashed")["id"] == before["id"]);
  CHECK(firing(stack, "HoldfastWorkerCrashed")["count"] == 2);

  REQUIRE(stack.command({"alerts", "unsilence", "HoldfastWorker*"}).exit_code == 0);
  CHECK(stack.command({"alerts", "unsilence", "HoldfastWorker*"}).exit_code == 2);
  CHECK(stack.command({"alerts"}).exit_code == 1);
}

TEST_CASE("a supervisor that was killed is told of by the next one, a shutdown is not") {
  Stack stack(misbehaving("fine", {"--ready"}), kNoPort);
  stack.wait_ready();
  stop(stack);
  stack.start();
  stack.wait_ready();
  CHECK(firing(stack, "HoldfastUncleanRestart").is_null());

  REQUIRE(signal_process(stack.supervisor().pid(), SIGKILL) == 0);
  stack.supervisor().wait();
  stack.start();
  stack.wait_ready();
  REQUIRE(wait_firing(stack, "HoldfastUncleanRestart"));
  const std::string summary = firing(stack, "HoldfastUncleanRestart").value("summary", "");
  INFO(summary);
  CHECK(summary.find("did not shut down: it was killed, or crashed") != std::string::npos);
}

TEST_CASE("a supervisor says that another one runs on its state directory") {
  const TempDir state;
  const std::map<std::string, std::string> shared{{"PORT", "0"},
                                                  {"HOLDFAST_STATE_DIR", state.path()}};
  Stack first(misbehaving("one", {"--ready"}), shared);
  first.wait_ready();
  Stack second(misbehaving("two", {"--ready"}), shared);
  REQUIRE(second.wait_logged("another supervisor (pid " + std::to_string(first.supervisor().pid()) +
                             ") runs on the state directory"));
}

TEST_CASE("an alert is over when it has been quiet for its window, twice, and is in the history") {
  Stack stack(
      misbehaving("fragile", {"--ready"}) + "[alert_rule.HoldfastWorkerCrashed]\nwindow = \"1s\"\n",
      kNoPort);
  stack.wait_ready();
  crash(stack, "fragile.0");
  REQUIRE(wait_until([&] {
    const json answer = alerts_of(stack);
    return answer.is_object() && answer["firing"].empty() && !answer["history"].empty();
  }));
  const auto history = stack.command({"alerts", "--history"});
  INFO(history.output);
  CHECK(history.exit_code == 0);
  CHECK(history.output.find("HoldfastWorkerCrashed fragile\n") != std::string::npos);
}

TEST_CASE("rules are changed by a reload") {
  const std::string fleet = misbehaving("fragile", {"--ready"});
  Stack stack(fleet, kNoPort);
  stack.wait_ready();
  stack.write_config(fleet + "[alert_rule.HoldfastWorkerCrashed]\nseverity = \"critical\"\n");
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  crash(stack, "fragile.0");
  REQUIRE(wait_firing(stack, "HoldfastWorkerCrashed"));
  CHECK(firing(stack, "HoldfastWorkerCrashed")["severity"] == "critical");
}

TEST_CASE("what cannot be silenced is refused with a suggestion") {
  Stack stack(misbehaving("fine", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto unknown = stack.command({"alerts", "silence", "HoldfastWorkerCrash", "2h"});
  CHECK(unknown.exit_code == 2);
  CHECK(unknown.output.find("did you mean 'HoldfastWorkerCrashed'?") != std::string::npos);
  const auto endless = stack.command({"alerts", "silence", "HoldfastWorkerCrashed", "forever"});
  CHECK(endless.exit_code == 2);
  CHECK(endless.output.find("for must be a duration") != std::string::npos);
  CHECK(stack.command({"alerts", "silence", "HoldfastWorkerCrashed"}).exit_code == 2);
}
