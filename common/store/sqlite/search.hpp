// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hybrid search: candidates by their vectors and by their terms, ordered by the one rule of every
// engine. All of one answer is read from one state of the database. Threads: as the connection.

#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/sqlite/vector_index.hpp"
#include "common/store/store.hpp"

#include <vector>

namespace holdfast::store::sqlite {

// Throws SQLite::Exception.
std::vector<SearchHit> search(SqliteConnection& connection, VectorIndex& vectors,
                              const SearchQuery& query);

}  // namespace holdfast::store::sqlite
