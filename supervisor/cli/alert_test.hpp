// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast alert test`: what was sent to the receivers of alerts, and what they answered.

#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

namespace holdfast::supervisor::cli {

// Exit code 0 if every receiver took its message, else 1.
int test_alerts(const AdminClient& client, const Arguments& arguments);

}  // namespace holdfast::supervisor::cli
