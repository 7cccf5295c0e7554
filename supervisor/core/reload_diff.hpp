// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a new configuration changes: by program name, and for each the fields that differ, split by
// what they ask for. Pure functions over values.

#include "common/config/config.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor::core {

struct ProgramDiff {
  std::string name;
  std::vector<std::string>
      launch;                    // fields that a running process was made from: a rolling restart
  std::vector<std::string> hot;  // fields that only this supervisor reads: applied at once
  bool replicas = false;
  bool empty() const { return launch.empty() && hot.empty() && !replicas; }
};

ProgramDiff diff_program(const config::Program& before, const config::Program& after);

// Puts back what a process is made from, leaving thresholds and replicas alone.
void copy_launch_fields(const config::Program& from, config::Program& to);

std::vector<std::string> diff_supervisor(const config::Supervisor& before,
                                         const config::Supervisor& after);

// "~ api-worker: command, stop_timeout, replicas 2 -> 3 (rolling restart)"
std::string describe(const ProgramDiff& diff, const config::Program& before,
                     const config::Program& after);

}  // namespace holdfast::supervisor::core
