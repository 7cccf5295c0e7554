// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /metrics              the stack's aggregate, fetched from the supervisor; when alone, this
//                           worker's own numbers. For those of diagnostics_access.hpp; 403 for all
//                           others.
// GET /internal/stats       this worker's connections and work in hand; local requests only.
//
// A request that came through a proxy that nobody declared is not local.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_metrics_routes(Router& router, const Services& services);

}  // namespace holdfast::api
