// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /api/search?q=&k=     the k best documents for a query (k: 1 to 50, default 10)
// POST /api/search          {"q","k"}: the same, for queries that should not be in a URL
//
// {"hits":[{"document_id","title","score","similarity","chunk","text"}]}; similarity is null if
// only full-text search found the hit.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_search_routes(Router& router, const Services& services);

}  // namespace holdfast::api
