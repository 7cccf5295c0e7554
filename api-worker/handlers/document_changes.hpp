// SPDX-License-Identifier: Apache-2.0
#pragma once

// Changing documents:
// POST /api/documents           stores a document and enqueues its embedding: 202;
//                               Idempotency-Key: 24 h; 422 with another document, 400 if invalid
// PUT /api/documents/{id}       the next version, embedded again: 202; If-Match: 412
// DELETE /api/documents/{id}    204; If-Match: 412

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_document_change_routes(Router& router, const Services& services);

}  // namespace holdfast::api
