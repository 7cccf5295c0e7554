// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reading (documents.cpp):
// GET /api/documents                 ?cursor, ?limit=1..100, ?status=pending|ready|failed
// GET /api/documents/{id}            with content; If-None-Match: 304
// GET /api/documents/{id}/content    the content alone, as text/plain; If-None-Match: 304
//
// Changing (document_changes.cpp):
// POST /api/documents                store a document and enqueue its embedding: 202;
//                                    Idempotency-Key: 24 h; 422 with another document, 400 if
//                                    invalid
// PUT /api/documents/{id}            the next version, embedded again: 202; If-Match: 412
// DELETE /api/documents/{id}         204; If-Match: 412

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_document_routes(Router& router, const Services& services);
void add_document_change_routes(Router& router, const Services& services);

// Makes a route's handler from a function whose first parameter is the services.
template <class Function>
RouteHandler bind_services(const Services& services, Function function) {
  return [&services, function](const ContextPtr& context, Reply reply) {
    function(services, context, std::move(reply));
  };
}

}  // namespace holdfast::api
