// SPDX-License-Identifier: Apache-2.0
// Signals and stops that come at the wrong moment.
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <poll.h>
#include <signal.h>

#include <array>
#include <random>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

std::vector<pid_t> processes_of(const Stack& stack) {
  return pids_with_environment("HOLDFAST_TEST_ID=" + stack.config_file().parent_path().string());
}

// A program that dies again and again. Its starts are a clock: what does not happen while it ticks
// would not have happened.
const std::string kTicker =
    "[program.ticker]\ncommand = [\"true\"]\nready = \"started\"\nrequired = false\n"
    "backoff_base = \"20ms\"\nbackoff_cap = \"20ms\"\ncrash_loop_exits = 1000\n"
    "crash_loop_window = \"1d\"\n\n";

void let_tick(Stack& stack, int times) {
  const auto starts = [&] { return stack.worker("ticker.0").value("starts", 0); };
  const int before = starts();
  REQUIRE(wait_until([&] { return starts() >= before + times; }));
}

}  // namespace

TEST_CASE("signal storm: ten thousand mixed signals stop nothing, and the last HUP takes effect") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  std::mt19937 dice(Catch::rngSeed());
  const std::array signals{SIGHUP,  SIGUSR1,  SIGUSR2, SIGCHLD, SIGALRM,
                           SIGPIPE, SIGWINCH, SIGCONT, SIGURG};
  for (int i = 0; i < 10'000; ++i)
    stack.supervisor().signal(signals[dice() % signals.size()]);
  stack.write_config(misbehaving("web", {"--ready"}) + misbehaving("late", {"--ready"}));
  stack.supervisor().signal(SIGHUP);
  REQUIRE(stack.wait_state("late.0", "ready"));
  REQUIRE(stack.worker("web.0")["starts"] == 1);
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
}

TEST_CASE("start phase not interruptible: TERM at every start step stops everything, exit 0") {
  constexpr int kSteps = 5;
  for (int step = 0; step < kSteps; ++step) {
    INFO("step " << step);
    // Each waits for the one before; number `step` never gets ready.
    std::string programs;
    for (int i = 0; i < kSteps; ++i) {
      const std::string after = i == 0 ? "" : "after = [\"p" + std::to_string(i - 1) + "\"]\n";
      programs +=
          misbehaving("p" + std::to_string(i), {i == step ? "--never-ready" : "--ready"}, after);
    }
    Stack stack(programs, kNoPort);
    REQUIRE(wait_until([&] { return stack.pid_of("p" + std::to_string(step) + ".0") > 0; }));
    stack.supervisor().signal(SIGTERM);
    const Ended ended = stack.supervisor().wait();
    INFO(stack.supervisor().output());
    REQUIRE_FALSE(ended.signaled);
    REQUIRE(ended.value == 0);
    REQUIRE(processes_of(stack).empty());
  }
}

TEST_CASE("stop via wrong owner: TERM in the first moments after the exec is never lost") {
  for (int ms = 0; ms < 40; ms += 3) {
    INFO(ms << " ms after the exec");
    Stack stack(misbehaving("web", {"--ready"}), kNoPort);
    ::poll(nullptr, 0, ms);  // a place in the start, anywhere
    stack.supervisor().signal(SIGTERM);
    const Ended ended = stack.supervisor().wait();
    INFO(stack.supervisor().output());
    // By the signal if it came before it was taken in hand, which is before anything was started.
    if (ended.signaled) REQUIRE(ended.value == SIGTERM);
    if (!ended.signaled) REQUIRE(ended.value == 0);
    REQUIRE(wait_until([&] { return processes_of(stack).empty(); }));
  }
}

TEST_CASE("HUP cancels shutdown: TERM then HUP with a new configuration still only stops") {
  const std::string slow = misbehaving("slow", {"--ready", "--slow-term", "700"});
  Stack stack(slow, kNoPort);
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.wait_state("slow.0", "stopping"));
  stack.write_config("[listen.more]\naddress = \"unix:" + stack.file("more.sock").string() +
                     "\"\n\n" + slow + misbehaving("more", {"--ready"}, "sockets = [\"more\"]\n"));
  stack.supervisor().signal(SIGHUP);
  REQUIRE(wait_until(
      [&] { return stack.supervisor().output().find("ignored a reload") != std::string::npos; }));
  REQUIRE(stack.supervisor().wait().value == 0);
  REQUIRE_FALSE(std::filesystem::exists(stack.file("more.sock")));
  REQUIRE(stack.supervisor().output().find("more.0") == std::string::npos);
}

TEST_CASE("respawn while stopping: a stop in back-off, while starting, or when ready is final") {
  Stack stack(
      kTicker +
          misbehaving("failing", {"--exit", "1"},
                      "required = false\nbackoff_base = \"60ms\"\nbackoff_cap = \"60ms\"\n") +
          misbehaving("starting", {"--never-ready"},
                      "required = false\nready_timeout = \"100ms\"\n") +
          misbehaving("serving", {"--ready"}, "required = false\n"),
      kNoPort);
  REQUIRE(stack.wait_state("failing.0", "backoff"));
  REQUIRE(stack.wait_state("starting.0", "starting"));
  REQUIRE(stack.wait_state("serving.0", "ready"));
  const std::array<std::string, 3> names{"failing", "starting", "serving"};
  for (const std::string& name : names)
    REQUIRE(stack.command({"stop", name}).exit_code == 0);
  std::array<int, 3> starts{};
  for (std::size_t i = 0; i < names.size(); ++i) {
    REQUIRE(stack.wait_state(names[i] + ".0", "stopped"));
    starts[i] = stack.worker(names[i] + ".0")["starts"];
  }
  let_tick(stack, 10);
  for (std::size_t i = 0; i < names.size(); ++i) {
    INFO(names[i]);
    REQUIRE(stack.state_of(names[i] + ".0") == "stopped");
    REQUIRE(stack.worker(names[i] + ".0")["starts"] == starts[i]);
  }
}
