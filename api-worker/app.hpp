// SPDX-License-Identifier: Apache-2.0
#pragma once

// The API worker's service: opens the store, builds the chain and the routes, and serves the
// public listener that the supervisor handed down ("http"), or its own when it runs alone.
//
// Threads: the event loop's; see common/worker/runtime.hpp.
//
// Errors: InvalidArgument for a configuration that cannot work (an invalid network, an unknown
// embedding provider); others for a store or a listener that cannot be opened.

#include "common/worker/runtime.hpp"

namespace holdfast::api {

Result<std::unique_ptr<worker::Service>> make_service(worker::Context& context);

}  // namespace holdfast::api
