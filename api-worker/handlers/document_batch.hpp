// SPDX-License-Identifier: Apache-2.0
#pragma once

// POST /api/documents/batch: up to kMaxBatch documents in one request and one transaction.
//
// Each document is judged by itself. Those that are valid are stored, all or none, and the answer
// says for each what became of it: 202 if all were stored, 207 if only some were valid. Without a
// valid one it is 422, and nothing is stored. A batch is one request to the rate limit and to
// Idempotency-Key.

#include "api-worker/edge/router.hpp"
#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

constexpr std::size_t kMaxBatch = 100;

void add_document_batch_routes(Router& router, const Services& services);

}  // namespace holdfast::api
