// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /health    200 as long as this worker responds
// GET /live      the same: a response shows that the event loop is running
// GET /ready     the stack's readiness, relayed from the supervisor; 503 if that does not answer
//                within a second. With ?verbose, for those who may read /metrics: the figures
//                behind its checks, and all programs. Without a supervisor: whether the store can
//                be read.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_health_routes(Router& router, const Services& services);

}  // namespace holdfast::api
