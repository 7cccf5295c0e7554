// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast events` and `holdfast logs`: print what there is, then follow if asked to. Return the
// exit code.

#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

namespace holdfast::supervisor::cli {

int events(const AdminClient& connection, const Arguments& arguments);
int logs(const AdminClient& connection, const Arguments& arguments);

}  // namespace holdfast::supervisor::cli
