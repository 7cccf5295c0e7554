// SPDX-License-Identifier: Apache-2.0
// What workers fork: it neither outlives a stop nor holds one up.
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::vector<pid_t> processes_of(const Stack& stack, const std::string& worker = "") {
  auto all =
      pids_with_environment("HOLDFAST_TEST_ID=" + stack.config_file().parent_path().string());
  if (worker.empty()) return all;
  auto named = pids_with_environment("HOLDFAST_WORKER=" + worker);
  std::sort(all.begin(), all.end());
  std::sort(named.begin(), named.end());
  std::vector<pid_t> result;
  std::set_intersection(all.begin(), all.end(), named.begin(), named.end(),
                        std::back_inserter(result));
  return result;
}

bool contains(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

}  // namespace

TEST_CASE("stop hangs on a pipe held by a grandchild: the stop ends, and so does the supervisor") {
  // `sleep` holds standard output, in a session that no signal to the worker's group reaches.
  const std::string script =
      "(setsid sleep 600 &) ; exec " + (bin_dir() / "misbehave").string() + " --ready";
  Stack stack("[program.web]\n" + command_of({"/bin/sh", "-c", script}) + "watchdog = \"0s\"\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "stopped"));
  REQUIRE(stack.command({"start", "web"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "ready"));
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  REQUIRE(wait_until([&] { return processes_of(stack).empty(); }));
}

TEST_CASE(
    "kill tree by snapshot: a worker that forks again on every SIGTERM leaves nothing behind") {
  Stack stack(misbehaving("bomb", {"--refork-on-term", "--ready"}, "stop_timeout = \"300ms\"\n"),
              kNoPort);
  stack.wait_ready();
  for (int round = 0; round < 5; ++round) {
    REQUIRE(stack.command({"stop", "bomb"}).exit_code == 0);
    REQUIRE(wait_until([&] { return processes_of(stack, "bomb.0").empty(); }));
    REQUIRE(stack.command({"start", "bomb"}).exit_code == 0);
    REQUIRE(stack.wait_state("bomb.0", "ready"));
  }
}

TEST_CASE("children of children survive: a daemon that left its group is ended with the fleet") {
  Stack stack(misbehaving("web", {"--fork-daemon", "--ready"}, "stop_timeout = \"300ms\"\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(processes_of(stack, "web.0").size() == 2);
  stack.supervisor().signal(SIGTERM);
  const Ended ended = stack.supervisor().wait();
  INFO(stack.supervisor().output());
  REQUIRE(ended.value == 1);  // the daemon ignores SIGTERM: something had to be killed
  REQUIRE(processes_of(stack).empty());
  REQUIRE(stack.supervisor().output().find("left 1 process behind") != std::string::npos);
}

TEST_CASE("leftovers: what a worker forked into a session of its own ends with each restart") {
  // As daemons do: forked twice, in a session of its own, without the worker's output.
  const std::string script = "(setsid sleep 600 >/dev/null 2>&1 &) ; exec sleep 600";
  Stack stack("[program.web]\n" + command_of({"/bin/sh", "-c", script}) + "ready = \"started\"\n",
              kNoPort);
  stack.wait_ready();
  std::vector<pid_t> now;
  // The status may tell of a new process later than /proc does.
  const auto two_with_the_worker = [&] {
    now = processes_of(stack, "web.0");
    return now.size() == 2 && contains(now, stack.pid_of("web.0"));
  };
  REQUIRE(wait_until(two_with_the_worker));
  for (int round = 0; round < 3; ++round) {
    const auto before = now;
    stack.signal("web.0", SIGKILL);
    INFO(stack.supervisor().output());
    REQUIRE(wait_until([&] {
      return two_with_the_worker() &&
             std::none_of(now.begin(), now.end(), [&](pid_t pid) { return contains(before, pid); });
    }));
  }
  REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "stopped"));
  REQUIRE(processes_of(stack, "web.0").empty());
}

TEST_CASE("leftovers: a daemon that executes itself over and over is found between two programs") {
  TempDir dir;
  const std::string again = (dir / "again").string();
  std::ofstream(again) << "#!/bin/sh\nexec \"$0\"\n";
  std::filesystem::permissions(again, std::filesystem::perms::owner_all);
  const std::string script = "(setsid " + again + " >/dev/null 2>&1 &) ; exec sleep 600";
  Stack stack("[program.web]\n" + command_of({"/bin/sh", "-c", script}) + "ready = \"started\"\n",
              kNoPort);
  stack.wait_ready();
  for (int round = 0; round < 5; ++round) {
    REQUIRE(wait_until([&] { return processes_of(stack, "web.0").size() == 2; }));
    REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
    REQUIRE(stack.wait_state("web.0", "stopped"));
    for (int look = 0; look < 20; ++look)
      REQUIRE(processes_of(stack, "web.0").empty());
    REQUIRE(stack.command({"start", "web"}).exit_code == 0);
  }
}

TEST_CASE("leftovers: with keep_descendants a daemon outlives its worker") {
  const std::string script = "(setsid sleep 600 >/dev/null 2>&1 &) ; exec sleep 600";
  Stack stack("[program.web]\n" + command_of({"/bin/sh", "-c", script}) +
                  "ready = \"started\"\nkeep_descendants = true\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return processes_of(stack, "web.0").size() == 2; }));
  REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
  REQUIRE(stack.wait_state("web.0", "stopped"));
  REQUIRE(processes_of(stack, "web.0").size() == 1);
}

TEST_CASE("stop_scope: a master that waits for its children keeps them until they are done") {
  // The child finishes its work when the master tells it to; a signal to the group kills it.
  for (const bool main : {true, false}) {
    TempDir dir;
    const std::string file = (dir / "finish").string();
    const std::string script = "(while [ ! -e " + file +
                               " ]; do sleep 0.02; done; echo child done) & trap 'touch " + file +
                               "; wait; exit 0' TERM; echo up; wait";
    Stack stack("[program.pool]\n" + command_of({"/bin/sh", "-c", script}) +
                    "ready_log = \"up\"\nrestart = \"never\"\nstop_scope = \"" +
                    (main ? "main" : "group") + "\"\n",
                kNoPort);
    stack.wait_ready();
    REQUIRE(stack.command({"stop", "pool"}).exit_code == 0);
    REQUIRE(stack.wait_state("pool.0", "stopped"));
    INFO(stack.supervisor().output());
    const bool done = stack.supervisor().output().find("child done") != std::string::npos;
    CHECK(done == main);
  }
}

TEST_CASE("orphans: what a dead worker leaves is adopted, reaped when it exits, and counted") {
  Stack stack(
      "[program.web]\n" +
          command_of({"/bin/sh", "-c", "(setsid true &) ; (setsid true &) ; exec sleep 600"}) +
          "ready = \"started\"\n",
      kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until(
      [&] { return Stack::sum_of(stack.metrics(), "holdfast_strangers_reaped_total") == 2; }));
  REQUIRE(zombies_of(stack.supervisor().pid()) == 0);
}

TEST_CASE(
    "stale socket: kill -9 of the supervisor takes its workers along, and the next one runs") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 3\n"), kNoPort);
  stack.wait_ready();
  for (int round = 0; round < 3; ++round) {
    stack.supervisor().signal(SIGKILL);
    stack.supervisor().wait();
    REQUIRE(std::filesystem::exists(stack.runtime_dir() / "status.sock"));
    stack.start();  // at once, with the old sockets in its way and the old workers still dying
    stack.wait_ready();
    REQUIRE(stack.status()["pid"] == stack.supervisor().pid());
  }
  REQUIRE(wait_until([&] { return processes_of(stack).size() == 4; }));
}
