// SPDX-License-Identifier: Apache-2.0
// Watchdogs and probes: those who hang are dealt with, those who do not are left alone.
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;
using namespace std::chrono_literals;

TEST_CASE(
    "watchdog false kills: the tree is stopped for twice the timeout, and no worker is killed") {
  Stack stack(misbehaving("web", {"--watchdog-ok"},
                          "replicas = 2\nwatchdog = \"1s\"\nwatchdog_interval = \"300ms\"\n"
                          "watchdog_required = true\n"),
              kNoPort);
  stack.wait_ready();
  const std::vector<pid_t> pids{stack.pid_of("web.0"), stack.pid_of("web.1"),
                                stack.supervisor().pid()};
  for (const pid_t pid : pids)
    signal_process(pid, SIGSTOP);
  const auto stopped_at = std::chrono::steady_clock::now();
  REQUIRE(wait_until([&] { return std::chrono::steady_clock::now() > stopped_at + 2500ms; }));
  // The supervisor first: it sees deadlines that have passed and workers that have said nothing.
  signal_process(pids[2], SIGCONT);
  REQUIRE(stack.wait_event("late_loop"));
  signal_process(pids[0], SIGCONT);
  signal_process(pids[1], SIGCONT);
  // Longer than the timeout once more: whoever was to be blamed would be by now.
  const double uptime = stack.status()["uptime_seconds"];
  REQUIRE(wait_until([&] { return stack.status()["uptime_seconds"] > uptime + 1.5; }));
  for (const char* name : {"web.0", "web.1"}) {
    REQUIRE(stack.worker(name)["starts"] == 1);
    REQUIRE(stack.state_of(name) == "ready");
  }
}

TEST_CASE(
    "watchdog holds the restart: one that ignores ABRT and TERM is replaced after the grace") {
  Stack stack(misbehaving("deaf", {"--ignore-abort", "--ignore-term", "--hang-after-ready"},
                          "watchdog = \"300ms\"\nwatchdog_interval = \"100ms\"\n"
                          "watchdog_grace = \"200ms\"\nstop_timeout = \"1h\"\n"),
              kNoPort);
  REQUIRE(stack.wait_event("hung"));
  // By SIGKILL after the grace, and not after the hour that a stop might take.
  REQUIRE(wait_until([&] { return stack.worker("deaf.0").value("starts", 0) >= 2; }));
  REQUIRE(stack.worker("deaf.0")["last_exit"]["signal"] == SIGKILL);
}

TEST_CASE("probe processes pile up: a hanging probe runs one at a time, and none remains") {
  // Accepts and never answers. Tells how many of its connections are open when a new one comes.
  const std::string hanging = R"(
import select, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(64)
held = []
def is_open(connection):
    poll = select.poll()
    poll.register(connection, select.POLLRDHUP)
    return not poll.poll(0)
while True:
    connection, _ = server.accept()
    held = [one for one in held if is_open(one)] + [connection]
    print('open', len(held), flush=True)
)";
  const TempDir dir;
  std::ofstream(dir / "hanging.py") << hanging;
  const std::string path = dir / "hung.sock";
  Stack stack("[program.probed]\n" + command_of({"python3", (dir / "hanging.py").string(), path}) +
                  "ready = \"unix:" + path +
                  ":/\"\nready_interval = \"10ms\"\nready_probe_timeout = \"50ms\"\n"
                  "metrics = \"off\"\nrequired = false\n",
              kNoPort);
  const auto told = [&](const std::string& what) {
    const std::string output = stack.supervisor().output();
    std::size_t count = 0;
    for (auto at = output.find(what); at != std::string::npos; at = output.find(what, at + 1))
      ++count;
    return count;
  };
  REQUIRE(wait_until([&] { return told("open 1") >= 5; }));
  CHECK(told("open 2") == 0);
  CHECK(stack.state_of("probed.0") == "starting");
  CHECK(stack.command({"stop", "probed"}).exit_code == 0);
  CHECK(stack.state_of("probed.0") == "stopped");
}
