// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /api/search?q=&k=     the k (1 to 50, 10 if not given) best documents for a query
// POST /api/search          {"q","k"}: the same, for queries that should not be in a URL
//
// {"hits":[{"document_id","title","score","similarity","chunk","text"}]}; similarity is null when
// only the full text found the hit.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_search_routes(Router& router, const Services& services);

}  // namespace holdfast::api
