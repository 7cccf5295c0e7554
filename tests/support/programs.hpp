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

// `script`: the arguments of tests/support/misbehave. By default it sends no watchdog heartbeat.
inline std::string misbehaving(const std::string& name, std::vector<std::string> script,
                               const std::string& more = "") {
  script.insert(script.begin(), (bin_dir() / "misbehave").string());
  const std::string watchdog =
      more.find("watchdog") == std::string::npos ? "watchdog = \"0s\"\n" : "";
  return "[program." + name + "]\n" + command_of(script) + watchdog + more + "\n";
}

// The tables of the `migrate` oneshot and of `count` API workers, without a queue worker. `more` is
// added to the API worker's table.
inline std::string api_workers(int count, const std::string& more = "",
                               const std::string& after = "\"migrate\"") {
  return "[program.migrate]\ncommand = [\"holdfast-queue-worker\", \"migrate\"]\n"
         "type = \"oneshot\"\n\n"
         "[program.api-worker]\ncommand = [\"holdfast-api-worker\"]\nsockets = [\"http\"]\n"
         "after = [" +
         after + "]\nreplicas = " + std::to_string(count) + "\n" + more;
}

// The kernel chooses the public port.
inline const std::map<std::string, std::string> kNoPort{{"PORT", "0"}};

}  // namespace holdfast::test
