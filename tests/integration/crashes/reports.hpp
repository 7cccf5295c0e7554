// SPDX-License-Identifier: Apache-2.0
#pragma once

// The crash reports of a stack under test, as an administrator reads them.

#include "tests/support/stack.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace holdfast::test {

// As many as there are, the newest first.
inline nlohmann::json list_crashes(Stack& stack, const std::string& name = "") {
  std::vector<std::string> arguments{"crashes", "--json", "-n", "1000"};
  if (!name.empty()) arguments.push_back(name);
  const auto answer = stack.command(arguments);
  const auto json = nlohmann::json::parse(answer.output, nullptr, false);
  return json.is_object() ? json["crashes"] : nlohmann::json::array();
}

// Waits until there is one of this worker, and shows the last; null if none comes.
inline nlohmann::json wait_crash(Stack& stack, const std::string& worker) {
  nlohmann::json found;
  wait_until([&] {
    const auto crashes = list_crashes(stack, worker);
    if (crashes.empty()) return false;
    const auto answer =
        stack.command({"crashes", "show", crashes[0]["id"].get<std::string>(), "--json"});
    found = nlohmann::json::parse(answer.output, nullptr, false);
    return found.is_object();
  });
  return found;
}

}  // namespace holdfast::test
