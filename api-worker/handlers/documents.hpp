// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading documents:
// GET /api/documents                 ?cursor, ?limit=1..100, ?status=pending|ready|failed
// GET /api/documents/{id}            with content; If-None-Match: 304
// GET /api/documents/{id}/content    the content alone, as text/plain; If-None-Match: 304

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_document_routes(Router& router, const Services& services);

}  // namespace holdfast::api
