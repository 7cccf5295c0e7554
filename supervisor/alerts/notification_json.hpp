// SPDX-License-Identifier: Apache-2.0
#pragma once

// Notifications as the outbox keeps them: complete, so that what is sent after a restart is what
// would have been sent before it.
//
// Threads: pure functions.

#include "supervisor/alerts/alert.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::alerts {

std::string to_json(const Notification& notification);
// Nothing if it is not what to_json() writes. Members that are missing have their defaults, so that
// an older version's rows can be read.
std::optional<Notification> notification_from_json(std::string_view text);

const char* severity_name(Severity severity);  // "critical"
const char* status_name(AlertStatus status);   // "firing"

}  // namespace holdfast::supervisor::alerts
