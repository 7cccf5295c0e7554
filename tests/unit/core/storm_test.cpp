// SPDX-License-Identifier: Apache-2.0
// A thousand of everything: the cost of an event must not grow with the fleet.
#include "tests/unit/core/stage.hpp"

#include <chrono>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program quick(std::string name, std::uint32_t replicas) {
  config::Program program = service(std::move(name), replicas);
  program.ready = config::ReadyKind::Started;
  program.settled_after = 0s;
  return program;
}

// Starts all, kills all at once, sees all back, shuts down. Returns the processor time per event.
double nanoseconds_per_event(const std::vector<config::Program>& programs, std::size_t total) {
  Fleet fleet({}, programs, 1, false);
  MonoTime now = MonoTime{} + 1h;
  std::vector<ProcessId> alive;
  std::vector<ProcessId> asked;
  std::size_t events = 0;
  bool finished = false;
  const auto take = [&](const Actions& actions) {
    for (const Action& action : actions) {
      if (const auto* spawn = std::get_if<Spawn>(&action)) asked.push_back(spawn->process);
      if (std::holds_alternative<Finish>(action)) finished = true;
    }
  };
  const auto answer_all = [&] {
    while (!asked.empty()) {
      const ProcessId process = asked.back();
      asked.pop_back();
      alive.push_back(process);
      ++events;
      take(fleet.step(Spawned{process, 1}, now));
    }
  };
  const auto end_all = [&](const ExitStatus& status) {
    for (const ProcessId& process : std::exchange(alive, {})) {
      ++events;
      take(fleet.step(Exited{process, status}, now));
    }
  };
  const std::clock_t start = std::clock();
  take(fleet.begin(now));
  answer_all();
  REQUIRE(alive.size() == total);
  now += 20s;
  for (int round = 0; round < 3; ++round) {
    end_all({true, 9, false});
    answer_all();
    REQUIRE(alive.size() == total);
    now += 20s;
  }
  take(fleet.step(ShutdownRequested{}, now));
  end_all({false, 0, false});
  REQUIRE(finished);
  const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return seconds * 1e9 / static_cast<double>(events);
}

std::vector<config::Program> many(std::uint32_t count) {
  std::vector<config::Program> programs;
  for (std::uint32_t i = 0; i < count; ++i)
    programs.push_back(quick("p" + std::to_string(i), 1));
  return programs;
}

}  // namespace

TEST_CASE("a thousand programs cost per event about what a hundred do") {
  const double few = nanoseconds_per_event(many(100), 100);
  const double lots = nanoseconds_per_event(many(1000), 1000);
  WARN("ns per event with 100 programs: " << few << ", with 1000: " << lots);
  REQUIRE(lots < 5 * few + 20'000);
}

TEST_CASE("a thousand slots of one program cost per event about what a hundred do") {
  const double few = nanoseconds_per_event({quick("p", 100)}, 100);
  const double lots = nanoseconds_per_event({quick("p", 1000)}, 1000);
  WARN("ns per event with 100 slots: " << few << ", with 1000: " << lots);
  REQUIRE(lots < 5 * few + 20'000);
}

TEST_CASE("a thousand programs after one cost per event about what a hundred do") {
  const auto fan = [](std::uint32_t count) {
    std::vector<config::Program> programs = many(count);
    for (std::uint32_t i = 1; i < count; ++i)
      programs[i].after = {"p0"};
    return programs;
  };
  const double few = nanoseconds_per_event(fan(100), 100);
  const double lots = nanoseconds_per_event(fan(1000), 1000);
  WARN("ns per event with a fan of 100: " << few << ", of 1000: " << lots);
  REQUIRE(lots < 5 * few + 20'000);
}
