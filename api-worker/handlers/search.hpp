// SPDX-License-Identifier: Apache-2.0
#pragma once

// GET /api/search?q=&k=&min_score=&status=&metadata.NAME=   the best documents for a query
// POST /api/search {"q","k","min_score","status","metadata"}: the same, for queries that should not
// be in a URL
//
// {"hits":[{"document_id","title","score","similarity","chunk","text","snippet"}]}; similarity is
// null if query and hit have no vectors that can be compared.

#include "api-worker/handlers/services.hpp"

namespace holdfast::api {

void add_search_routes(Router& router, const Services& services);

}  // namespace holdfast::api
