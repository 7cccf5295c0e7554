// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stack that a foreign program printed when it ended, found among its last lines of output:
//
//   Python   Traceback (most recent call last): …, and faulthandler's Fatal Python error: …
//   Node.js  Error: … followed by "    at …"
//   Java     Exception in thread "main" …: … followed by "\tat …"
//   Go       panic: … and fatal error: …, followed by goroutine 1 [running]:
//
// What each of them prints for a person is brought into one form: the type and the message of the
// error, and the frames, innermost first, as "function (file:line)". Pure functions.

#include "supervisor/state/crash_report.hpp"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor {

struct ForeignStack {
  std::string type;                       // "ValueError"
  std::string message;                    // with its causes, where they are told
  std::vector<std::string> frames;        // innermost first
  std::vector<ThreadStack> threads = {};  // if it printed others: all of them, the one above first
};

// The last one in these lines, oldest line first.
std::optional<ForeignStack> foreign_stack_of(const std::vector<std::string>& lines);

}  // namespace holdfast::supervisor
