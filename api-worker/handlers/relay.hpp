// SPDX-License-Identifier: Apache-2.0
#pragma once

// Passes a GET on to the supervisor's status socket and its answer back: status, content type and
// body, nothing else. Without an answer within a second, or with one that is none of ours
// (anything but 200 and 503), the reply is an Unavailable error.
//
// Threads: the loop's.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void relay(const Services& services, std::string_view path, const http::Headers& headers,
           Reply reply);

}  // namespace holdfast::api
