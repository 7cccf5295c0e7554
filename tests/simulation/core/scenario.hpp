// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scenario: one random life of a fleet: what is configured, and what happens. What happens is a
// list of operations whose arguments are plain numbers, resolved against the world as it is when
// their turn comes ("the 7th live process, modulo how many there are"). So any part of a list is a
// scenario too, and a failing one can be shortened by leaving things out.

#include "supervisor/core/fleet.hpp"

#include <cstdint>
#include <vector>

namespace holdfast::supervisor::core::simulation {

enum class OpKind {
  Advance,      // time passes; the timer fires when due
  AnswerSpawn,  // a spawn that was asked for comes true
  FailSpawn,
  Ready,
  Ping,
  SaysStopping,
  SaysHung,
  Status,
  Exit,   // a process ends by itself
  Obey,   // one that was told to stop ends
  Die,    // one that was sent SIGKILL ends
  Stale,  // news of a process that is gone or never was
  Late,   // the supervisor is held up
  EarlyTick,
  Start,
  Stop,
  Restart,
  Scale,
  Nonsense,  // a command to somebody who does not exist
  Reload,
  Shutdown,
};

struct Op {
  OpKind kind = OpKind::Advance;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

struct Scenario {
  std::uint64_t seed = 0;
  config::Supervisor supervisor;
  std::vector<config::Program> programs;
  bool is_pid1 = false;
  std::vector<Op> ops;
};

Scenario make_scenario(std::uint64_t seed);

// What a reload changes: a pure function of its arguments. Never a cycle or an unknown name.
std::vector<config::Program> mutate(std::vector<config::Program> programs, std::uint32_t a,
                                    std::uint32_t b);

}  // namespace holdfast::supervisor::core::simulation
