// SPDX-License-Identifier: Apache-2.0
#pragma once

// The JSON of the receivers `webhook` and `command`: Alertmanager's webhook, version 4, with what
// Holdfast knows besides under "holdfast". Threads: pure function.

#include "supervisor/alerts/alert.hpp"

#include <string>

namespace holdfast::supervisor::alerts {

// `minimal`: without what Alertmanager would not send.
std::string webhook_body(const Notification& notification, bool minimal);

}  // namespace holdfast::supervisor::alerts
