// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hybrid search: documents ranked by their nearest vector and by their words, the two rankings
// fused. All of one answer is read from one state of the database. Threads: as the connection.

#include "common/store/postgres/transaction.hpp"
#include "common/store/postgres/vector_index.hpp"
#include "common/store/store.hpp"

#include <span>
#include <string_view>
#include <vector>

namespace holdfast::store::postgres {

// Either `text` or `vector` may be empty. Throws SqlFailure.
std::vector<SearchHit> search(PgConnection& connection, VectorIndex& vectors, std::string_view text,
                              std::span<const float> vector, std::size_t k);

}  // namespace holdfast::store::postgres
