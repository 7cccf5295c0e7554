// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/search.hpp"

#include "common/store/postgres/full_text.hpp"
#include "common/store/postgres/hnsw.hpp"
#include "common/store/postgres/labels.hpp"
#include "common/store/ranked_hits.hpp"

#include <algorithm>
#include <cstring>
#include <set>

namespace holdfast::store::postgres {

namespace {

constexpr std::string_view kOneState = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
constexpr std::string_view kChunks =
    "SELECT d.seq, d.id, c.title, c.ordinal, c.text,"
    " CASE d.vector_space WHEN $2 THEN c.vector ELSE '' END FROM holdfast.chunk AS c"
    " JOIN holdfast.document AS d ON d.seq = c.document WHERE c.id = ANY($1)";

std::vector<FoundChunk> read_chunks(Transaction& transaction, const std::set<std::int64_t>& ids,
                                    const std::string& space) {
  std::vector<FoundChunk> chunks;
  if (ids.empty()) return chunks;
  const Rows rows = transaction.run(
      Statement(kChunks).bind(std::vector<std::int64_t>(ids.begin(), ids.end()), space));
  for (int row = 0; row < rows.count(); ++row) {
    FoundChunk chunk{rows.integer(row, 0), rows.text(row, 1), rows.text(row, 2),
                     rows.integer(row, 3), rows.text(row, 4), {}};
    const std::string_view vector = rows.bytes(row, 5);
    chunk.vector.resize(vector.size() / sizeof(float));
    if (!chunk.vector.empty())
      std::memcpy(chunk.vector.data(), vector.data(), chunk.vector.size() * sizeof(float));
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

std::optional<std::vector<std::int64_t>> find_admitted(PgConnection& connection,
                                                       const SearchQuery& query) {
  Transaction transaction(connection, kOneState);
  return admitted(transaction, query);
}

std::vector<Candidate> nearest(Transaction& one_state, VectorIndex& vectors, bool indexed,
                               std::span<const float> vector, std::size_t depth,
                               const Admitted* admitted) {
  if (indexed) {
    if (auto found = hnsw_nearest(one_state, vectors.space(), vector, depth))
      return std::move(*found);
    one_state.end();
  }
  return vectors.nearest(one_state, vector, depth, admitted);
}

}  // namespace

std::vector<SearchHit> search(PgConnection& connection, VectorIndex& vectors,
                              const SearchQuery& query) {
  search::Analyser analyser;
  const search::Query parsed = analyser.parse_query(query.text);
  // Signs alone name nothing, and their vector means nothing.
  if (query.k == 0 || (parsed.terms.empty() && !query.text.empty())) return {};
  const auto only = find_admitted(connection, query);
  const std::size_t depth = std::max<std::size_t>(kSearchDepth, std::size_t{2} * query.k);
  // A phrase is found by words alone. The server's index knows nothing of what a search is narrowed
  // to: its nearest may all be others.
  const bool by_vector = !query.vector.empty() && parsed.phrases.empty();
  const bool indexed = by_vector && !only && hnsw_ready(connection, query.vector.size(), depth);
  Transaction one_state(connection, kOneState);
  std::set<std::int64_t> chunks;
  if (by_vector) {
    const auto narrowed = only ? std::optional(Admitted(only->begin(), only->end())) : std::nullopt;
    for (const Candidate& found :
         nearest(one_state, vectors, indexed, query.vector, depth, narrowed ? &*narrowed : nullptr))
      chunks.insert(found.chunk);
  }
  FoundByTerms by_terms;
  if (!parsed.terms.empty()) {
    by_terms = find_by_terms(one_state, parsed, only ? &*only : nullptr, depth);
    chunks.insert(by_terms.chunks.begin(), by_terms.chunks.end());
    if (const auto corrected = with_corrections(one_state, parsed, by_terms.frequencies)) {
      const FoundByTerms more =
          find_by_terms(one_state, *corrected, only ? &*only : nullptr, depth);
      chunks.insert(more.chunks.begin(), more.chunks.end());
    }
  }
  return rank_hits(query, analyser, parsed, by_terms.frequencies,
                   read_chunks(one_state, chunks, vectors.space()));
}

}  // namespace holdfast::store::postgres
