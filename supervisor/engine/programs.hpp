// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a program needs from the machine before it can be started: its executable, its user, its
// directory, its env_file, its limits. All of it is looked up when a configuration is loaded, and
// all problems are reported at once: a typo is found before anything runs, and a restart depends on
// no directory service and on no file that is being edited.
//
// Threads: any; blocks for the look-ups.

#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/os/fd.hpp"
#include "supervisor/engine/child_environment.hpp"
#include "supervisor/process/launcher.hpp"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::supervisor {

struct PreparedProgram {
  config::Program program;  // the rest was looked up for this one
  std::string executable;
  std::map<std::string, std::string> probe_executables;  // by the first word of the command
  bool own = false;  // it is one of the binaries beside this one
  std::optional<process::Identity> identity;
  std::vector<process::ResourceLimit> limits;
  Environ account;  // HOME, USER and LOGNAME of the user that it runs as
  // Of its own workers: what they are configured by (common/config/handover.hpp). Else null.
  std::shared_ptr<const Fd> configuration;
};

struct PreparedPrograms {
  std::map<std::string, std::shared_ptr<const PreparedProgram>> programs;  // by name
  std::vector<std::string> problems;  // "[program.web] command: …"
};

// Of a program whose env_file has been read. The first problem, if there are several.
Result<PreparedProgram> prepare_program(const config::Program& program, const Environ& environ);

// What the program's env_file sets, as prepare_programs() reads it.
Result<Environ> env_file_values(const config::Program& program, const Environ& environ);

// Reads each env_file into the program's env_file_values, looks everything up, and tries without
// starting anything what a start would do (process/rehearsal.hpp). Seals what Holdfast's own
// workers are configured by.
PreparedPrograms prepare_programs(config::Config& config, const Environ& environ);

}  // namespace holdfast::supervisor
