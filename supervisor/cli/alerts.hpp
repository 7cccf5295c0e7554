// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast alerts`: what fires, what has been resolved, and silences.

#include "common/base/result.hpp"
#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

#include <string>

namespace holdfast::supervisor::cli {

// `json` is the body of GET /alerts.
Result<std::string> alerts_table(const std::string& json, bool history);

// Prints the answer and returns the exit code: 1 if an alert fires that is not silenced.
int alerts(const AdminClient& client, const Arguments& arguments);
int silence(const AdminClient& client, const Arguments& arguments);
int unsilence(const AdminClient& client, const Arguments& arguments);

}  // namespace holdfast::supervisor::cli
