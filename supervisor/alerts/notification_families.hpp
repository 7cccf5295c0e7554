// SPDX-License-Identifier: Apache-2.0
#pragma once

// The holdfast_notification* families: what has become of messages to the receivers of alerts.
//
// Threads: any; pure.

#include "common/metrics/model.hpp"
#include "supervisor/state/notification_metrics.hpp"

#include <vector>

namespace holdfast::supervisor::alerts {

std::vector<metrics::Family> notification_families(const std::vector<NotificationMetrics>& all);

}  // namespace holdfast::supervisor::alerts
