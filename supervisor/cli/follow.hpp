// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast events`: prints what there is, then follows if asked to, and returns the exit code. And
// the progress of a command that takes its time.

#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

namespace holdfast::supervisor::cli {

int events(const AdminClient& connection, const Arguments& arguments);
// Sends a command and waits for its outcome. Meanwhile the events of the fleet, its own among them,
// are printed to standard error.
Result<http::Response> ask_with_progress(const AdminClient& connection, const std::string& target,
                                         Duration deadline);

}  // namespace holdfast::supervisor::cli
