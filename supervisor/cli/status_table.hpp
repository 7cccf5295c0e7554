// SPDX-License-Identifier: Apache-2.0
#pragma once

// The answer of GET /status as a table for people. Threads: any; pure.

#include "common/base/result.hpp"

#include <string>

namespace holdfast::supervisor::cli {

// `json` is the body of /status; `colour` colours the states (ANSI).
Result<std::string> status_table(const std::string& json, bool colour);

// Whether the fleet is ready and no worker is in trouble: exit code 0, otherwise 1.
bool status_is_healthy(const std::string& json);

}  // namespace holdfast::supervisor::cli
