// SPDX-License-Identifier: Apache-2.0
#pragma once

// What grows while one looks at it: events and log lines, to their present end or on and on.

#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

namespace holdfast::supervisor::cli {

int events(const AdminClient& connection, const Arguments& arguments);
int logs(const AdminClient& connection, const Arguments& arguments);

}  // namespace holdfast::supervisor::cli
