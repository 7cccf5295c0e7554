// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hybrid search: candidates by their vectors and by their terms, ordered by the one rule of every
// engine. All of one answer is read from one state of the database. Threads: as the connection.

#include "common/store/postgres/transaction.hpp"
#include "common/store/postgres/vector_index.hpp"
#include "common/store/store.hpp"

#include <vector>

namespace holdfast::store::postgres {

// Throws SqlFailure.
std::vector<SearchHit> search(PgConnection& connection, VectorIndex& vectors,
                              const SearchQuery& query);

}  // namespace holdfast::store::postgres
