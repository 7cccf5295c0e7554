// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/search.hpp"

#include "common/store/ranked_hits.hpp"
#include "common/store/sqlite/chunks.hpp"
#include "common/store/sqlite/full_text.hpp"
#include "common/store/sqlite/labels.hpp"

#include <algorithm>
#include <set>

namespace holdfast::store::sqlite {

namespace {

std::optional<FoundChunk> read_chunk(SqliteConnection& connection, std::int64_t id,
                                     const std::string& space) {
  Query query = connection.query(
      "SELECT d.seq, d.id, c.title, c.ordinal, c.text,"
      " CASE d.vector_space WHEN ?2 THEN c.vector ELSE x'' END"
      " FROM shown_chunk AS c JOIN document AS d ON d.seq = c.document WHERE c.id = ?1");
  if (!query.bind(id, space).step()) return std::nullopt;
  return FoundChunk{query.integer(0), query.text(1), query.text(2),
                    query.integer(3), query.text(4), decode_vector(query.blob(5))};
}

}  // namespace

std::vector<SearchHit> search(SqliteConnection& connection, VectorIndex& vectors,
                              const SearchQuery& query) {
  search::Analyser analyser;
  const search::Query parsed = analyser.parse_query(query.text);
  // Signs alone name nothing, and their vector means nothing.
  if (query.k == 0 || (parsed.terms.empty() && !query.text.empty())) return {};
  const std::optional<Admitted> only = admitted(connection, query);
  const Admitted* const narrowed = only ? &*only : nullptr;
  const std::size_t depth = std::max<std::size_t>(kSearchDepth, std::size_t{2} * query.k);
  ReadTransaction one_state(connection);
  std::set<std::int64_t> chunks;
  if (query.vector.empty() || !parsed.phrases.empty()) {
    one_state.begin();  // a phrase is found by words alone
  } else {
    for (const Candidate& found :
         vectors.nearest(connection, one_state, query.vector, depth, narrowed))
      chunks.insert(found.chunk);
  }
  const search::Frequencies frequencies = count_terms(connection, parsed);
  const search::Query corrected = with_corrections(connection, parsed, frequencies);
  for (const std::int64_t chunk : find_by_terms(connection, corrected, narrowed, depth))
    chunks.insert(chunk);
  std::vector<FoundChunk> found;
  for (const std::int64_t id : chunks) {
    if (auto chunk = read_chunk(connection, id, vectors.space()))
      found.push_back(std::move(*chunk));
  }
  return rank_hits(query, analyser, parsed, frequencies, std::move(found));
}

}  // namespace holdfast::store::sqlite
