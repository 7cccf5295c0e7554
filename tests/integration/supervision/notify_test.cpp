// SPDX-License-Identifier: Apache-2.0
// sd_notify as other programs speak it, and starts that fail, with real processes.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

bool wait_error(Stack& stack, const std::string& worker, const std::string& part) {
  return wait_until(
      [&] { return stack.worker(worker).value("last_error", "").find(part) != std::string::npos; });
}

std::string shell(const std::string& script) {
  return "[program.web]\n" + command_of({"/bin/sh", "-c", script}) + "metrics = \"off\"\n";
}

// What npm is to Node: a main process that waits for the child that does the work.
std::string wrapped() {
  return shell((bin_dir() / "misbehave").string() + " --ready & wait");
}

}  // namespace

TEST_CASE("READY=1 from a child: it counts where notify_access says so") {
  Stack stack(wrapped() + "notify_access = \"all\"\n", kNoPort);
  stack.wait_ready();
  REQUIRE(stack.state_of("web.0") == "ready");
}

TEST_CASE("READY=1 from a child: where it does not count, its name and the key are told") {
  Stack stack(wrapped(), kNoPort);
  REQUIRE(stack.wait_event("notification_ignored", "READY=1 came from its child 'misbehave'"));
  REQUIRE(wait_error(stack, "web.0", "notify_access = \"all\" in [program.web] accepts it"));
  REQUIRE(stack.state_of("web.0") == "starting");
}

TEST_CASE("a shell script reports with holdfast notify") {
  const std::string holdfast = (bin_dir() / "holdfast").string();
  Stack stack(
      shell(holdfast + " notify READY=1 STATUS=warm && sleep 600") + "notify_access = \"all\"\n",
      kNoPort);
  stack.wait_ready();
  REQUIRE(stack.worker("web.0").value("status", "") == "warm");
}

TEST_CASE("watchdog of a program that never beats: READY=1 alone does not arm it") {
  // The second program beats once: that it hangs shows that the first one's time has passed too.
  Stack stack(
      misbehaving("quiet", {"--ready"}, "watchdog = \"300ms\"\nwatchdog_interval = \"100ms\"\n") +
          misbehaving("hangs", {"--hang-after-ready"},
                      "after = [\"quiet\"]\nwatchdog = \"400ms\"\n"
                      "watchdog_interval = \"100ms\"\nwatchdog_grace = \"100ms\"\n"),
      kNoPort);
  REQUIRE(stack.wait_event("hung", "hangs.0"));
  for (const auto& event : stack.events())
    CHECK((event.value("kind", "") != "hung" || event.value("worker", "") == "hangs.0"));
}

TEST_CASE("killed while it recovers: a start that asks for more time gets it") {
  Stack stack(
      misbehaving("db", {"--notify", "EXTEND_TIMEOUT_USEC=60000000", "--ready-after", "600"},
                  "ready_timeout = \"200ms\"\n"),
      kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_event("timeout_extended", "asked for more time to start"));
  REQUIRE(stack.worker("db.0").value("restarts", 9) == 0);
}

TEST_CASE("a failed start says why: a probe's last answer is in status, event and log") {
  Stack stack("[program.web]\n" + command_of({"sleep", "600"}) +
                  "ready = \"http://127.0.0.1:1/\"\nready_interval = \"20ms\"\n"
                  "ready_timeout = \"500ms\"\n",
              kNoPort);
  REQUIRE(wait_error(stack, "web.0", "http://127.0.0.1:1/: connect: Connection refused"));
  REQUIRE(stack.wait_event("ready_timeout", "http://127.0.0.1:1/: connect: Connection refused"));
  REQUIRE(stack.wait_logged("Connection refused; stopping it"));
}

TEST_CASE("a failed start says why: a program that never heard of sd_notify gets a hint") {
  Stack stack("[program.web]\n" + command_of({"sleep", "600"}) + "ready_timeout = \"200ms\"\n",
              kNoPort);
  REQUIRE(stack.wait_event("ready_timeout", "it sent no READY=1; if it does not speak sd_notify"));
}
