// SPDX-License-Identifier: Apache-2.0
// What an administrator can ask for.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <set>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

TEST_CASE("a rolling restart replaces every API worker and fails no request") {
  Stack stack(default_stack());
  stack.wait_ready();
  const std::string url = stack.api() + "/health";
  std::atomic<bool> stop{false};
  std::atomic<int> ok{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 2; ++i) {
    clients.emplace_back([&] {
      while (!stop) {
        const auto answer = http::fetch("GET", url, {}, "", {});
        ++(answer && answer->status == 200 ? ok : failed);
      }
    });
  }
  REQUIRE(wait_until([&] { return ok > 100; }));
  const std::set<pid_t> before{stack.pid_of("api-worker.0"), stack.pid_of("api-worker.1")};
  const double counted = Stack::sum_of(stack.metrics(), "http_requests_total");
  const auto answer = stack.command({"restart", "api-worker"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  const int at_end = ok;
  REQUIRE(wait_until([&] { return ok > at_end + 100; }));
  stop = true;
  for (std::thread& client : clients)
    client.join();
  for (const char* name : {"api-worker.0", "api-worker.1"}) {
    const json worker = stack.worker(name);
    REQUIRE_FALSE(before.contains(worker["pid"].get<pid_t>()));
    REQUIRE(worker["restarts"] == 0);  // a planned restart never counts
  }
  REQUIRE(failed == 0);
  // The last scrape before each exit: nothing that was counted is lost by a planned restart.
  REQUIRE(Stack::sum_of(stack.metrics(), "http_requests_total") >= counted);
}

TEST_CASE("a rolling restart whose new process does not come up keeps the old one") {
  TempDir dir;
  // Ready the first time, never again.
  const std::string script = "test -e " + (dir / "once").string() + " && exit 3; touch " +
                             (dir / "once").string() + "; exec " +
                             (bin_dir() / "misbehave").string() + " --ready";
  Stack stack("[program.once]\n" + command_of({"/bin/sh", "-c", script}) + "watchdog = \"0s\"\n",
              kNoPort);
  stack.wait_ready();
  const pid_t before = stack.pid_of("once.0");
  const auto answer = stack.command({"restart", "once"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 1);
  REQUIRE(stack.pid_of("once.0") == before);
  REQUIRE(stack.state_of("once.0") == "ready");
}

TEST_CASE("scale adds and removes processes; slots keep their numbers") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t first = stack.pid_of("web.0");
  REQUIRE(stack.command({"scale", "web", "4"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.3", "ready"));
  REQUIRE(stack.command({"scale", "web", "1"}).exit_code == 0);
  REQUIRE(wait_until([&] { return stack.worker("web.1").empty(); }));
  REQUIRE(stack.pid_of("web.0") == first);
}

TEST_CASE("stop keeps a program stopped until start") {
  Stack stack(misbehaving("web", {"--ready"}, "required = false\n"), kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"stop", "web.0"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "stopped"));
  REQUIRE(stack.command({"start", "web"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "ready"));
}

TEST_CASE("commands answer when the work is done: the processes are gone, ready, or have failed") {
  Stack stack(misbehaving("web", {"--ready"}) + "[program.slow]\n" +
                  command_of({"/bin/sh", "-c",
                              "trap 'sleep 0.4; exit 0' TERM; while :; do sleep 0.1; done"}) +
                  "ready = \"started\"\nrequired = false\n",
              kNoPort);
  stack.wait_ready();
  const pid_t pid = stack.pid_of("slow.0");
  REQUIRE(stack.command({"stop", "slow"}).exit_code == 0);
  REQUIRE(signal_process(pid, 0) == -1);
  REQUIRE(stack.command({"start", "slow"}).exit_code == 0);
  REQUIRE(stack.state_of("slow.0") == "ready");
  REQUIRE(stack.command({"scale", "web", "3"}).exit_code == 0);
  REQUIRE(stack.state_of("web.2") == "ready");
  const auto answer = stack.command({"stop", "slow", "--no-wait"});
  REQUIRE(answer.exit_code == 0);
  REQUIRE(answer.output == "stopping slow\n");
  REQUIRE(stack.wait_state("slow.0", "stopped"));
  REQUIRE(stack.command({"stop", "nobody", "--no-wait"}).exit_code == 1);
}

TEST_CASE("an unknown name is refused with the names that exist") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto answer = stack.command({"restart", "wbe"});
  REQUIRE(answer.exit_code == 1);
  REQUIRE(answer.output.find("web") != std::string::npos);
}

TEST_CASE("the status is a table for people and a versioned JSON for programs") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto table = stack.command({"status"});
  REQUIRE(table.exit_code == 0);
  REQUIRE(table.output.find("WORKER") != std::string::npos);
  REQUIRE(table.output.find("web.0") != std::string::npos);
  const json status = json::parse(stack.command({"status", "--json"}).output);
  REQUIRE(status["schema"] == 1);
  // Looked at now and then: a worker that has just started has no figure yet.
  REQUIRE(wait_until([&] { return stack.worker("web.0").value("memory_bytes", 0) > 0; }));
}

TEST_CASE("the workers' socket is read-only, the admin socket is the owner's and the group's") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto refused = http::fetch(
      "POST", "unix:" + (stack.runtime_dir() / "status.sock").string() + ":/restart?name=web", {},
      "", {});
  REQUIRE(refused);
  REQUIRE(refused->status == 405);
  struct stat info {};
  REQUIRE(::stat((stack.runtime_dir() / "admin.sock").c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0660);
}
