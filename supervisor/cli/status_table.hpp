// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answer of GET /status as a table for people. Pure.

#include "common/base/result.hpp"

#include <string>

namespace holdfast::supervisor::cli {

// `json` is the body of /status; `colour` adds ANSI colours to states.
Result<std::string> status_table(const std::string& json, bool colour);

// True if every required program is satisfied and nothing is in trouble: exit code 0, else 1.
bool status_is_healthy(const std::string& json);

}  // namespace holdfast::supervisor::cli
