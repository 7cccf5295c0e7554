// SPDX-License-Identifier: Apache-2.0
#pragma once

// Environment variables that override the file. A variable that is set but empty counts as unset:
// compose files pass on variables that nobody has set that way. Threads: any.

#include "common/config/config.hpp"
#include "common/config/report.hpp"
#include "common/os/file.hpp"

#include <string>
#include <vector>

namespace holdfast::config {

struct Variable {
  std::string name;
  std::string section;  // of the key that it sets; "" for the top of the file
  std::string key;
  bool secret = false;    // NAME_FILE may name a file that contains the value
  bool any_case = false;  // "INFO" means "info"
  enum class Form { Text, Integer, List } form = Form::Text;  // List: separated by commas
};
const std::vector<Variable>& known_variables();  // all but PORT, which sets part of a key

// What names a file or directory (HOLDFAST_CONFIG, HOLDFAST_STATE_DIR, HOLDFAST_RUNTIME_DIR,
// NAME_FILE) is relative to the current directory, as in a shell, and absolute from here on:
// workers inherit it, and may run in another directory.
Environ with_absolute_paths(Environ environ);

// `pipes`: of the files that NAME_FILE variables name.
void apply_environment(const Environ& environ, Config& config, LoadReport& report, Pipes pipes);

}  // namespace holdfast::config
