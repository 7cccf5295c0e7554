// SPDX-License-Identifier: Apache-2.0
#pragma once

// The parts of a holdfast-queue-worker: the store, the embedding provider and the job loop, put
// together from the configuration.
//
// Threads: the loop's. Errors of make_service: InvalidArgument if the configuration is wrong.

#include "common/worker/runtime.hpp"

#include <memory>

namespace holdfast::queue {

Result<std::unique_ptr<worker::Service>> make_service(worker::Context& context);

// How long held jobs may go on after SIGTERM: the stop_timeout of the worker's program, less two
// seconds for giving back the rest, and at least one second. 8 s for a worker without a program.
Duration drain_budget(const config::Config& config, const std::string& worker_name);

}  // namespace holdfast::queue
