// SPDX-License-Identifier: Apache-2.0
// Programs that run and do not work.
#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::string kOften =
    "health_interval = \"50ms\"\nhealth_timeout = \"300ms\"\nhealth_failures = 2\n"
    "watchdog_grace = \"100ms\"\n";

std::string server(const std::string& port, const std::string& more,
                   const std::string& status_file = "") {
  return "[program.web]\n" + command_of({"python3", SERVER_PY, port, "v1", status_file}) +
         "ready = \"http://127.0.0.1:" + port +
         "/\"\nready_interval = \"20ms\"\nmetrics = \"off\"\n" + kOften + more;
}

bool replaced(Stack& stack, const std::string& worker) {
  return wait_until([&] {
    const auto now = stack.worker(worker);
    return now.value("restarts", 0) >= 1 && now.value("state", "") == "ready";
  });
}

}  // namespace

TEST_CASE("health: a program that is stopped is seen unhealthy and replaced, whatever the probe") {
  const std::string port = free_port();
  const std::string health = GENERATE_COPY(
      "\"http://127.0.0.1:" + port + "/\"", "\"tcp:127.0.0.1:" + port + "\"",
      "[\"python3\", \"-c\", \"import urllib.request as u; u.urlopen('http://127.0.0.1:" + port +
          "/', timeout=60)\"]");
  INFO(health);
  // A command in Python takes a while to begin.
  const std::string patience = health.front() == '[' ? "health_timeout = \"3s\"\n" : "";
  std::string toml = server(port, "health = " + health + "\n");
  if (!patience.empty()) toml.replace(toml.find("health_timeout = \"300ms\"\n"), 25, patience);
  Stack stack(toml, kNoPort);
  stack.wait_ready();
  const pid_t first = stack.pid_of("web.0");
  signal_process(first, SIGSTOP);
  REQUIRE(stack.wait_event("unhealthy", "web.0 (incarnation 1) is unhealthy: "));
  REQUIRE(replaced(stack, "web.0"));
  CHECK(stack.pid_of("web.0") != first);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_worker_restarts_total", "reason=\"unhealthy\"") ==
        1);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_worker_restarts_total", "reason=\"crash\"") == 0);
}

TEST_CASE("health: a program that answers 500 is not ready, is replaced, and the status says why") {
  const TempDir dir;
  const std::string port = free_port();
  const std::string url = "http://127.0.0.1:" + port + "/";
  Stack stack(server(port, "health = \"" + url + "\"\n", (dir / "status").string()), kNoPort);
  stack.wait_ready();
  std::ofstream(dir / "status") << "500";
  REQUIRE(stack.wait_event("unhealthy", url + " answered 500"));
  const std::string metrics = stack.metrics();
  CHECK(Stack::sum_of(metrics, "holdfast_health_checks_total", "outcome=\"failure\"") >= 2);
  CHECK(metrics.find("holdfast_health_checks_total{outcome=\"unknown\",program=\"web\"}") !=
        std::string::npos);
  REQUIRE(wait_until([&] {
    return stack.worker("web.0").value("last_error", "").find("answered 500") != std::string::npos;
  }));
  CHECK(stack.status()["state"] != "ready");
  std::filesystem::remove(dir / "status");
  REQUIRE(replaced(stack, "web.0"));
  CHECK_FALSE(stack.worker("web.0").contains("last_error"));
}

TEST_CASE("health: the Host header and the expected statuses are the program's") {
  const std::string port = free_port();
  const std::string url = "http://127.0.0.1:" + port + "/";
  Stack stack("[program.web]\n" + command_of({"python3", SERVER_PY, port, "v1"}) + "ready = \"" +
                  url +
                  "\"\nready_interval = \"20ms\"\nready_host = \"wrong.example.org\"\n"
                  "ready_statuses = [421]\nmetrics = \"off\"\nhealth = \"" +
                  url + "\"\nhealth_host = \"wrong.example.org\"\nhealth_interval = \"20ms\"\n",
              kNoPort);
  stack.wait_ready();                                             // by 421
  REQUIRE(stack.wait_event("unhealthy", url + " answered 421"));  // which is not well
}

TEST_CASE("a command is a readiness probe, and its last line is the reason") {
  const TempDir dir;
  const std::string flag = (dir / "up").string();
  Stack stack("[program.plain]\n" + command_of({"sleep", "600"}) +
                  "ready = [\"sh\", \"-c\", \"test -e " + flag +
                  " || { echo no $HOLDFAST_WORKER yet; exit 1; }\"]\nready_interval = \"20ms\"\n",
              kNoPort);
  REQUIRE(wait_until([&] {
    return stack.worker("plain.0")
               .value("last_error", "")
               .find("ended with exit 1: no plain.0 yet") != std::string::npos;
  }));
  std::ofstream(flag) << "x";
  stack.wait_ready();
}

TEST_CASE("watchdog_source: a program without sd_notify that hangs is found by its scrapes") {
  const std::string port = free_port();
  Stack stack("[program.web]\n" + command_of({"python3", SERVER_PY, port, "v1"}) +
                  "ready = \"http://127.0.0.1:" + port + "/\"\nready_interval = \"20ms\"\n" +
                  "metrics = \"http://127.0.0.1:" + port +
                  "/metrics\"\n"
                  "watchdog_source = \"metrics\"\nwatchdog = \"6s\"\nwatchdog_grace = \"100ms\"\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE_FALSE(stack.metrics().empty());  // after a round: the first heartbeat arms the watchdog
  stack.signal("web.0", SIGSTOP);
  REQUIRE(stack.wait_event("hung", "answered no scrape for"));
  REQUIRE(replaced(stack, "web.0"));
}
