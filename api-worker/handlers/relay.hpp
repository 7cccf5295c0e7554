// SPDX-License-Identifier: Apache-2.0
#pragma once

// Relays a GET to the supervisor's status socket, and status, content type and body of the response
// back. If there is no response within a second, or its status is not 200 or 503, the reply is an
// Unavailable error.
//
// Threads: the event loop's.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void relay(const Services& services, std::string_view path, const http::Headers& headers,
           Reply reply);

}  // namespace holdfast::api
