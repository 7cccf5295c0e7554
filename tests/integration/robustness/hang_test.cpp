// SPDX-License-Identifier: Apache-2.0
// Watchdogs and probes: those who hang are dealt with, those who do not are left alone.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

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
    ::kill(pid, SIGSTOP);
  const auto stopped_at = std::chrono::steady_clock::now();
  REQUIRE(wait_until([&] { return std::chrono::steady_clock::now() > stopped_at + 2500ms; }));
  // The supervisor first: it sees deadlines that have passed and workers that have said nothing.
  ::kill(pids[2], SIGCONT);
  REQUIRE(stack.wait_event("late_loop"));
  ::kill(pids[0], SIGCONT);
  ::kill(pids[1], SIGCONT);
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
  const TempDir dir;
  const std::string path = dir / "hung.sock";
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  const Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(::bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(::listen(listener.get(), 64) == 0);
  Stack stack("[program.probed]\n" + command_of({"sleep", "600"}) + "ready = \"unix:" + path +
                  ":/\"\nready_interval = \"10ms\"\nrequired = false\n",
              kNoPort);
  std::vector<Fd> connections;
  const auto open_ones = [&] {
    std::size_t count = 0;
    for (const Fd& fd : connections) {
      pollfd hung_up{fd.get(), POLLRDHUP, 0};
      count += ::poll(&hung_up, 1, 0) == 0 ? 1 : 0;
    }
    return count;
  };
  const auto accept_more = [&] {
    for (;;) {
      Fd fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!fd) return;
      connections.push_back(std::move(fd));
    }
  };
  // Accepted and never answered: each gives up by itself before the next one comes.
  REQUIRE(wait_until([&] {
    accept_more();
    REQUIRE(open_ones() <= 1);
    return connections.size() >= 2;
  }));
  REQUIRE(stack.command({"stop", "probed"}).exit_code == 0);
  REQUIRE(wait_until([&] {
    accept_more();
    return stack.state_of("probed.0") == "stopped" && open_ones() == 0;
  }));
}
