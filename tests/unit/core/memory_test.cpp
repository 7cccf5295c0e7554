// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

constexpr std::uint64_t kMiB = 1u << 20;

config::Program limited(std::uint32_t replicas = 1) {
  config::Program program = service("a", replicas);
  program.memory_high = 100 * kMiB;
  program.memory_max = 200 * kMiB;
  return program;
}

Stage& use(Stage& stage, const std::string& slot, std::uint64_t mebibytes) {
  return stage.send(MemoryUsed{stage.of(slot), mebibytes * kMiB});
}

}  // namespace

TEST_CASE("memory_max: stopped, counted as a failure, and started again") {
  config::Program program = limited();
  program.memory_high = 0;
  Stage stage({program});
  stage.begin().all_ready().advance(12s).clear();
  const ProcessId process = stage.of("a.0");
  use(stage, "a.0", 200);  // not above it
  REQUIRE(stage.signals_to(process).empty());
  use(stage, "a.0", 201);
  REQUIRE(stage.signals_to(process) == std::vector<int>{15, 18});
  REQUIRE(stage.message(EventKind::MemoryMax) ==
          "a.0 (incarnation 1) uses 201.0 MiB of memory, more than memory_max, 200.0 MiB; stopping "
          "it");
  REQUIRE(stage.state("a.0") == "stopping");
  use(stage, "a.0", 300);  // asked once
  REQUIRE(stage.signals_to(process).size() == 2);
  stage.exit("a.0", 0);
  REQUIRE(stage.slot("a.0").restarts == 1);
  REQUIRE(stage.count(EventKind::Crashed) == 1);
  REQUIRE(stage.message(EventKind::Crashed).find("ended after using too much memory") !=
          std::string::npos);
}

TEST_CASE("memory_max: killed if it does not stop, and a crash loop if it happens each time") {
  config::Program program = limited();
  program.crash_loop_exits = 2;
  Stage stage({program});
  stage.begin().all_ready();
  use(stage, "a.0", 201);
  stage.advance(10s);
  REQUIRE(stage.signals_to(stage.of("a.0")).back() == 9);
  stage.die("a.0", 9).advance(1s).all_ready();
  use(stage, "a.0", 201).exit("a.0", 1);
  REQUIRE(stage.state("a.0") == "crash_loop");
}

TEST_CASE("memory_high: the one worker is replaced, and serves until its successor is ready") {
  Stage stage({limited(2)});
  stage.begin().all_ready().clear();
  const ProcessId old = stage.of("a.1");
  use(stage, "a.1", 101);
  REQUIRE(
      stage.message(EventKind::MemoryHigh) ==
      "a.1 (incarnation 1) uses 101.0 MiB of memory, more than memory_high, 100.0 MiB: it is to "
      "be replaced");
  REQUIRE(stage.slot("a.1").memory_high_since == stage.now);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.program("a").ready == 2);
  REQUIRE(stage.signals.empty());
  stage.ready("a.1");
  REQUIRE_FALSE(stage.slot("a.1").memory_high_since);
  REQUIRE(stage.signals_to(old) == std::vector<int>{15, 18});
  stage.retiring_exit("a.1");
  REQUIRE(stage.slot("a.1").restarts == 0);
  REQUIRE(stage.count(EventKind::RollingDone) == 1);
}

TEST_CASE("memory_high: told once, and replaced again no sooner than backoff_reset later") {
  config::Program program = limited();
  Stage stage({program});
  stage.begin().all_ready();
  use(stage, "a.0", 150).ready("a.0").retiring_exit("a.0").clear();
  for (int round = 0; round < 20; ++round)
    use(stage, "a.0", 150).advance(2s);
  REQUIRE(stage.count(EventKind::MemoryHigh) == 1);
  REQUIRE(stage.spawns.empty());
  stage.advance(20s);
  use(stage, "a.0", 150);
  REQUIRE(stage.spawns.size() == 1);
  REQUIRE(stage.count(EventKind::MemoryHigh) == 1);
}

TEST_CASE("memory_high: it is over when the worker uses less, and waits for a roll under way") {
  Stage stage({limited()});
  stage.begin().all_ready().command(CommandKind::Restart, "a").clear();
  stage.send(MemoryUsed{stage.retiring("a.0"), 150 * kMiB});
  REQUIRE(stage.count(EventKind::MemoryHigh) == 0);  // it is being replaced anyway
  use(stage, "a.0", 150);
  REQUIRE(stage.count(EventKind::MemoryHigh) == 1);
  use(stage, "a.0", 100);
  REQUIRE_FALSE(stage.slot("a.0").memory_high_since);
  stage.ready("a.0").retiring_exit("a.0").clear();
  use(stage, "a.0", 150);
  REQUIRE(stage.count(EventKind::RollingStarted) == 1);
}

TEST_CASE("memory_high: a oneshot is only told of, and one without limits is left alone") {
  config::Program job = oneshot("a");
  job.memory_high = 1;
  Stage stage({job, service("b")});
  stage.begin().ready("b.0").clear();
  use(stage, "a.0", 10);
  use(stage, "b.0", 1'000'000);
  REQUIRE(stage.count(EventKind::MemoryHigh) == 1);
  REQUIRE(stage.signals.empty());
  REQUIRE(stage.spawns.empty());
}

TEST_CASE("a death for lack of memory is told from other kills") {
  ExitStatus killed{true, 9, false};
  REQUIRE(describe(killed) == "signal 9 (SIGKILL)");
  killed.out_of_memory = true;
  REQUIRE(describe(killed) == "signal 9 (SIGKILL), killed by the kernel: out of memory");
}
