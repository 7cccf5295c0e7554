// SPDX-License-Identifier: Apache-2.0
#pragma once

// For API keys of scope `admin`:
//   GET    /api/jobs               the jobs that a filter names, newest first, page by page
//   POST   /api/jobs/bulk          retries, cancels or discards the jobs that a filter names
//   POST   /api/jobs/{id}/cancel
//   DELETE /api/jobs/{id}          discards a finished job
//   POST   /api/queue/pause, POST /api/queue/resume

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_job_admin_routes(Router& router, const Services& services);

}  // namespace holdfast::api
