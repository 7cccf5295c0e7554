// SPDX-License-Identifier: Apache-2.0
// What a real receiver hears of real programs that go wrong.
#include "tests/integration/alerts/receiver.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

std::string told_to(const AlertReceiver& receiver, const std::string& more = "") {
  return "[alerts]\ngroup_wait = \"100ms\"\n" + more +
         "[alert_receiver.ops]\ntype = \"webhook\"\nurl = \"" + receiver.url() + "\"\n";
}

void crash_once(Stack& stack, const std::string& worker) {
  const pid_t pid = stack.pid_of(worker);
  REQUIRE(pid > 0);
  REQUIRE(signal_process(pid, SIGSEGV) == 0);
  REQUIRE(
      wait_until([&] { return stack.state_of(worker) == "ready" && stack.pid_of(worker) != pid; }));
}

double withheld(Stack& stack, const std::string& reason) {
  return Stack::sum_of(stack.metrics(), "holdfast_notifications_suppressed_total", reason);
}

}  // namespace

TEST_CASE("a crash is one message, and more of them are none") {
  AlertReceiver receiver;
  Stack stack(misbehaving("fragile", {"--ready"}) + told_to(receiver), kNoPort);
  stack.wait_ready();
  crash_once(stack, "fragile.0");
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed") == 1; }));
  const json alert = receiver.alerts()[0];
  INFO(alert.dump(2));
  CHECK(alert["annotations"]["summary"].get<std::string>().find("SIGSEGV") != std::string::npos);
  crash_once(stack, "fragile.0");
  REQUIRE(wait_until([&] { return withheld(stack, "cooldown") >= 1; }));
  CHECK(receiver.count("HoldfastWorkerCrashed") == 1);
}

TEST_CASE("after its cooldown an alert is resolved, once") {
  AlertReceiver receiver;
  Stack stack(misbehaving("fragile", {"--ready"}) + misbehaving("other", {"--ready"}) +
                  told_to(receiver, "cooldown = \"1s\"\n") +
                  "[alert_rule.HoldfastWorkerCrashed]\nwindow = \"1s\"\n",
              kNoPort);
  stack.wait_ready();
  crash_once(stack, "fragile.0");
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed", "resolved") == 1; }));
  CHECK(receiver.count("HoldfastWorkerCrashed") >= 1);
  // What another alert has to say comes after whatever there was to say about the first.
  crash_once(stack, "other.0");
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed", "resolved") == 2; }));
}

TEST_CASE("a crash loop is one message, and its crashes are none besides the first") {
  AlertReceiver receiver;
  Stack stack(misbehaving("broken", {"--ready", "--exit-after", "1", "1"},
                          "backoff_base = \"10ms\"\nbackoff_cap = \"50ms\"\n"
                          "crash_loop_retry = \"200ms\"\nrequired = false\n") +
                  misbehaving("fine", {"--ready"}) + told_to(receiver),
              kNoPort);
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashLooping") == 1; }));
  REQUIRE(wait_until([&] { return withheld(stack, "inhibited") >= 3; }));
  CHECK(receiver.count("HoldfastWorkerCrashLooping") == 1);
  CHECK(receiver.count("HoldfastWorkerCrashed") <= 1);
}

TEST_CASE("five error lines are one message, which holds them") {
  AlertReceiver receiver;
  Stack stack(
      "[program.noisy]\ncommand = [\"sh\", \"-c\", \"for i in 1 2 3 4 5; do echo "
      "'{\\\"level\\\":50,\\\"msg\\\":\\\"cannot charge\\\",\\\"request_id\\\":\\\"r'$i'\\\"}'; "
      "done; exec sleep 1000\"]\nready = \"started\"\n" +
          told_to(receiver),
      kNoPort);
  REQUIRE(wait_until([&] { return receiver.count("HoldfastErrorRateHigh") == 1; }));
  const std::string alert = receiver.alerts()[0].dump();
  INFO(alert);
  CHECK(alert.find("cannot charge") != std::string::npos);
}

TEST_CASE("a restart of the supervisor neither repeats what was told nor forgets to resolve it") {
  AlertReceiver receiver;
  Stack stack(misbehaving("fragile", {"--ready"}) + misbehaving("other", {"--ready"}) +
                  told_to(receiver, "cooldown = \"3s\"\n") +
                  "[alert_rule.HoldfastWorkerCrashed]\nwindow = \"2s\"\n",
              kNoPort);
  stack.wait_ready();
  crash_once(stack, "fragile.0");
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed") == 1; }));
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().wait();
  stack.start();
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed", "resolved") == 1; }));
  for (const json& alert : receiver.alerts())
    CHECK(alert["labels"]["alertname"] == "HoldfastWorkerCrashed");
}

TEST_CASE("what is silenced is not told until the silence ends") {
  AlertReceiver receiver;
  Stack stack(misbehaving("fragile", {"--ready"}) + told_to(receiver), kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"alerts", "silence", "HoldfastWorkerCrashed", "2h"}).exit_code == 0);
  crash_once(stack, "fragile.0");
  REQUIRE(wait_until([&] { return withheld(stack, "silenced") >= 1; }));
  CHECK(receiver.requests() == 0);
  REQUIRE(stack.command({"alerts", "unsilence", "HoldfastWorkerCrashed"}).exit_code == 0);
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed") == 1; }));
}

TEST_CASE("what could not be delivered is told by the next supervisor") {
  AlertReceiver receiver;
  receiver.answer_with(503);
  Stack stack(misbehaving("fragile", {"--ready"}) + told_to(receiver), kNoPort);
  stack.wait_ready();
  crash_once(stack, "fragile.0");
  REQUIRE(wait_until([&] { return receiver.requests() >= 1; }));
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().wait();
  receiver.answer_with(200);
  stack.start();
  REQUIRE(wait_until([&] { return receiver.count("HoldfastWorkerCrashed") == 1; }));
}
