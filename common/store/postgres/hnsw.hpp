// SPDX-License-Identifier: Apache-2.0
#pragma once

// Nearest neighbours by the server's own index (HNSW), where the extension pgvector is installed.
// The vectors stay in `chunk.vector`, which needs no extension. Beside it, `chunk.embedding` holds
// the same numbers as pgvector's type, and each dimension in use has an index of its own. Chunks
// without that copy, such as those of a worker that started before the extension came, are read
// and compared one by one: a search misses none of them.
//
// What depends on the extension is no numbered migration, because the extension may come later, or
// go: index_vectors() is run after each of them and does what is missing.
//
// Threads: the connection's.

#include "common/store/candidate.hpp"
#include "common/store/postgres/transaction.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

// The oldest release with half-precision indexes, and the most dimensions that such an index takes.
inline constexpr std::string_view kOldestPgvector = "0.7";
inline constexpr std::int64_t kMostIndexedDimensions = 4000;

// Creates the extension if the server has it and the role may, then the copies and the index for
// vectors of this many dimensions. Readers and writers go on meanwhile. Returns what searches will
// use, for people: "hnsw", or "exact" with the reason, which may be that something has failed:
// running it again goes on from there. Only a server that cannot be reached is an error.
Result<std::string> index_vectors(const Endpoint& endpoint, std::int64_t dimensions);

// Whether chunks have a column for the copies.
bool has_embeddings(PgConnection& connection);  // throws SqlFailure

// Whether there is an index for such a query. Throws SqlFailure.
bool hnsw_ready(PgConnection& connection, std::size_t dimensions, std::size_t limit);

// As VectorIndex::nearest(), but perhaps without some of those that a complete scan would find;
// their scores are exact. Nothing if too many chunks are not in the index, or too many of the
// nearest have vectors of another space (OpenOptions::vector_space): the caller scans. Throws
// SqlFailure.
std::optional<std::vector<Candidate>> hnsw_nearest(Transaction& transaction,
                                                   const std::string& space,
                                                   std::span<const float> query, std::size_t limit);

}  // namespace holdfast::store::postgres
