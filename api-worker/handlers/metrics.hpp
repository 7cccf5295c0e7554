// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /metrics              the stack's aggregate, fetched from the supervisor; when alone, this
//                           worker's own numbers. For local requests, the networks of
//                           http.metrics_allow and API keys of scope admin; 403 for all others.
// GET /internal/stats       this worker's connections and work in hand; local requests only.
//
// A request is local as middleware/client_address.hpp says it. One that came through a proxy that
// nobody declared is allowed neither.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_metrics_routes(Router& router, const Services& services);

}  // namespace holdfast::api
