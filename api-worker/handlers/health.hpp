// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /health    200 as long as this worker answers
// GET /live      the same: that it is answered shows that the loop turns
// GET /ready     the stack's readiness: the supervisor's answer, passed on; 503 if it gives none
//                within a second. ?verbose, from those who may read /metrics: what is behind it.
//                When alone: whether the store can be read.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_health_routes(Router& router, const Services& services);

}  // namespace holdfast::api
