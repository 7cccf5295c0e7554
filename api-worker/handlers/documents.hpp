// SPDX-License-Identifier: Apache-2.0
#pragma once

// POST /api/documents                store a document and enqueue its embedding: 202
// GET /api/documents                 ?cursor, ?limit=1..100, ?status=pending|ready|failed
// GET /api/documents/{id}            with content
// GET /api/documents/{id}/content    the content alone, as text/plain
// DELETE /api/documents/{id}         204

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_document_routes(Router& router, const Services& services);

}  // namespace holdfast::api
