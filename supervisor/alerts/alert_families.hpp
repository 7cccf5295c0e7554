// SPDX-License-Identifier: Apache-2.0
#pragma once

// The metrics of the alerts: holdfast_alerts_firing and what belongs to it. Threads: any; pure.

#include "common/metrics/model.hpp"
#include "supervisor/alerts/alert_view.hpp"

#include <vector>

namespace holdfast::supervisor::alerts {

std::vector<metrics::Family> alert_families(const AlertView& view);

}  // namespace holdfast::supervisor::alerts
