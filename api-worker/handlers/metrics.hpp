// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /metrics           the stack's aggregate, fetched from the supervisor; without a supervisor,
//                        this worker's own metrics. 403 except as diagnostics_access.hpp allows.
// GET /internal/stats    this worker's connections and current work; local requests only.
//
// A request through an undeclared proxy is not local.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_metrics_routes(Router& router, const Services& services);

}  // namespace holdfast::api
