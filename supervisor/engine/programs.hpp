// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a program needs from the machine before it can be started: its executable, its user, its
// env_file, its limits. Looked up when a configuration is loaded, all problems at once, so that a
// restart touches no directory service and a typo is found before anything runs.
//
// Threads: any; blocks for the look-ups.

#include "common/config/config.hpp"
#include "supervisor/engine/child_environment.hpp"
#include "supervisor/process/launcher.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::supervisor {

struct PreparedProgram {
  config::Program program;  // for which the rest was looked up
  std::string executable;
  std::optional<process::Identity> identity;
  std::vector<process::ResourceLimit> limits;
  Environ account;  // HOME, USER and LOGNAME of the user that it runs as
  Environ env_file;
};

struct PreparedPrograms {
  std::map<std::string, PreparedProgram> programs;  // by name
  std::vector<std::string> problems;                // "[program.web] command: …"
};

Result<PreparedProgram> prepare_program(const config::Program& program, const Environ& environ);

PreparedPrograms prepare_programs(const std::vector<config::Program>& programs,
                                  const Environ& environ);

}  // namespace holdfast::supervisor
