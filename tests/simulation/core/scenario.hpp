// SPDX-License-Identifier: Apache-2.0
#pragma once

// Scenario: a random configuration, and a random list of operations. Their arguments are plain
// numbers that are resolved against the world when their turn comes ("the 7th live process, modulo
// how many there are"), so any part of a list is a scenario too, and a failing one can be shortened
// by leaving operations out.

#include "supervisor/core/fleet.hpp"

#include <cstdint>
#include <vector>

namespace holdfast::supervisor::core::simulation {

enum class OpKind {
  Advance,      // time passes; the timer fires when due
  AnswerSpawn,  // a requested spawn succeeds
  FailSpawn,
  Ready,
  Ping,
  SaysStopping,
  SaysHung,
  Extend,    // a process asks for more time
  NotReady,  // something is learnt about why it is not ready
  Check,     // a health check is answered
  Beat,      // a scrape or a health probe is answered
  Status,
  Memory,  // what one uses is measured
  Exit,    // a process ends by itself
  Obey,    // one that was asked to stop exits
  Die,     // one that was sent SIGKILL exits
  Clear,   // what one left behind is gone
  Stale,   // an event of a process that is gone or never existed
  Late,    // the supervisor is held up
  EarlyTick,
  Start,
  Stop,
  Restart,
  Scale,
  ClockSet,  // planned runs move
  Signal,
  FilesChange,
  Nonsense,  // a command for a program that does not exist
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
