// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /api/jobs/{id}    one job: state, attempts, last error
// POST /api/jobs/{id}/retry    makes a dead or waiting job ready: 202 with the job; else 409
// GET /api/queue        how many jobs of a queue (?queue=default) are in each state

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

// 404 if the id cannot be a job's: no body is read to find out.
std::optional<ProblemDetails> check_job_path(const std::vector<std::string>& path_values);

void add_job_routes(Router& router, const Services& services);

}  // namespace holdfast::api
