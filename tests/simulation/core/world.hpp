// SPDX-License-Identifier: Apache-2.0
#pragma once

// World: plays a scenario against a real Fleet in virtual time, with a Checker watching every step.

#include "tests/simulation/core/checker.hpp"
#include "tests/simulation/core/scenario.hpp"

#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::core::simulation {

struct Outcome {
  std::string problem;  // empty: every promise was kept
  std::size_t events = 0;
  std::size_t played = 0;          // operations until the problem, or all
  std::uint64_t actions_hash = 0;  // of all actions in order
  std::set<EventKind> kinds;       // of all reports
  std::vector<std::string> trace;  // only if asked for
};

// A defect put between the fleet and the world, to prove that the checker would see one like it.
enum class Sabotage {
  None,
  LoseReplies,
  RepeatReplies,
  LoseTimers,
  LoseSpawns,
  LoseKills,
  LoseFinish,
  SignalTheEnded,
  SpawnBeside,
  SpawnWhileStopping,
  StopEverybodyAtOnce,
  WrongExitCode,
};

Outcome play(const Scenario& scenario, bool with_trace = false, Sabotage sabotage = Sabotage::None);

// A scenario that still fails, shortened by leaving operations out (delta debugging, Zeller 2002).
Scenario shrink(Scenario failing, Sabotage sabotage = Sabotage::None);

}  // namespace holdfast::supervisor::core::simulation
