// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a holdfast-queue-worker is made of: the store, the embedding provider and the job loop, put
// together from the configuration.
//
// Threads: the loop's. Errors of make_service: InvalidArgument if the configuration is wrong.

#include "common/worker/runtime.hpp"

#include <memory>

namespace holdfast::queue {

Result<std::unique_ptr<worker::Service>> make_service(worker::Context& context);

// How long held jobs may go on after SIGTERM: the worker's program's stop_timeout, less two seconds
// to give the rest back in; at least one second. 8 s for a worker that no program describes.
Duration drain_budget(const config::Config& config, const std::string& worker_name);

}  // namespace holdfast::queue
