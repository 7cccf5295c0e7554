// SPDX-License-Identifier: Apache-2.0
#pragma once

// [program.NAME] tables for programs that misbehave on demand.

#include "tests/support/stack.hpp"

#include <string>
#include <vector>

namespace holdfast::test {

inline std::string command_of(const std::vector<std::string>& argv) {
  std::string text = "command = [";
  for (const std::string& argument : argv) {
    if (text.back() != '[') text += ", ";
    text += '"' + argument + '"';
  }
  return text + "]\n";
}

// `script`: the arguments of tests/support/misbehave. It does not beat a watchdog by itself.
inline std::string misbehaving(const std::string& name, std::vector<std::string> script,
                               const std::string& more = "") {
  script.insert(script.begin(), (bin_dir() / "misbehave").string());
  const std::string watchdog =
      more.find("watchdog") == std::string::npos ? "watchdog = \"0s\"\n" : "";
  return "[program." + name + "]\n" + command_of(script) + watchdog + more + "\n";
}

// Nothing public is listened on.
inline const std::map<std::string, std::string> kNoPort{{"PORT", "0"}};

}  // namespace holdfast::test
