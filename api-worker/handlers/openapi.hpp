// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /openapi.json    the description of this API, OpenAPI 3.1
//
// Its source is api-worker/openapi.json, compiled in. Tests check it against the routes and their
// responses.

#include "api-worker/handlers/services.hpp"

#include <string_view>

namespace holdfast::api {

std::string_view openapi_document();

void add_openapi_routes(Router& router, const Services& services);

}  // namespace holdfast::api
