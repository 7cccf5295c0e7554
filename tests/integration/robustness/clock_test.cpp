// SPDX-License-Identifier: Apache-2.0
// Wall clock jumps: time that matters is monotonic.
#include "tests/support/catch.hpp"
#include "tests/support/preload.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;
using namespace std::chrono_literals;

TEST_CASE("wall clock jumps: by a year, by seconds, there and back, in every state") {
  Faults faults;
  Stack stack(
      misbehaving("steady", {"--watchdog-ok"}, "watchdog = \"3s\"\nwatchdog_interval = \"1s\"\n") +
          misbehaving("starting", {"--never-ready"}, "required = false\nready_timeout = \"1h\"\n") +
          misbehaving("waiting", {"--exit", "1"},
                      "required = false\nbackoff_base = \"1h\"\nbackoff_cap = \"1h\"\n"
                      "crash_loop_window = \"1d\"\n") +
          misbehaving("killed", {"--ready"},
                      "required = false\nbackoff_base = \"10ms\"\n"
                      "backoff_cap = \"10ms\"\n"
                      "crash_loop_exits = 100\n") +
          misbehaving("stopping", {"--ready", "--ignore-term"},
                      "required = false\nstop_timeout = \"1h\"\n"),
      faults.environment());
  stack.wait_ready();
  REQUIRE(stack.wait_state("waiting.0", "backoff"));
  REQUIRE(stack.wait_state("killed.0", "ready"));
  REQUIRE(stack.wait_state("stopping.0", "ready"));
  std::ofstream(stack.file("stop.sh"));
  Process stop({bin_dir() / "holdfast", "stop", "stopping"},
               {{"HOLDFAST_RUNTIME_DIR", stack.runtime_dir()}}, stack.file("stop.log"));
  REQUIRE(stack.wait_state("stopping.0", "stopping"));

  const auto year = std::chrono::hours(24 * 365);
  for (const std::chrono::nanoseconds jump :
       {std::chrono::nanoseconds(-year), std::chrono::nanoseconds(year),
        std::chrono::nanoseconds(-3s), std::chrono::nanoseconds(0)}) {
    INFO("the clock is off by " << jump.count() << " ns");
    faults.jump(jump);
    // A whole life under the new time: death, back-off, start, ready; and beats all the while.
    const pid_t before = stack.pid_of("killed.0");
    signal_process(before, SIGKILL);
    REQUIRE(wait_until([&] {
      return stack.pid_of("killed.0") != before && stack.state_of("killed.0") == "ready";
    }));
    const json status = stack.status();
    REQUIRE(status["uptime_seconds"].get<double>() >= 0);
    REQUIRE(status["uptime_seconds"].get<double>() < 3600);
    REQUIRE(stack.state_of("steady.0") == "ready");
    REQUIRE(stack.worker("steady.0")["starts"] == 1);
    REQUIRE(stack.state_of("starting.0") == "starting");
    REQUIRE(stack.worker("starting.0")["starts"] == 1);
    REQUIRE(stack.state_of("waiting.0") == "backoff");
    REQUIRE(stack.worker("waiting.0")["starts"] == 1);
    REQUIRE(stack.worker("waiting.0")["retry_in_seconds"].get<double>() <= 3600 * 1.2);
    REQUIRE(stack.state_of("stopping.0") == "stopping");
  }
  // The clock really jumped, as the events' times tell, or nothing was tested.
  faults.jump(-year);
  stack.supervisor().signal(SIGTERM);
  REQUIRE(wait_until([&] { return stack.status().value("draining", false); }));
  const auto events = stack.events();
  REQUIRE(events.back()["time"].get<std::string>().substr(0, 4) <
          events.front()["time"].get<std::string>().substr(0, 4));
  // And in the middle of the shutdown; the second signal makes it a matter of two seconds.
  faults.jump(year);
  REQUIRE(stack.force_stop());
  REQUIRE(stack.supervisor().wait(30s).value == 1);
}
