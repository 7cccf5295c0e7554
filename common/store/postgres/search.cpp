// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/search.hpp"

#include "common/store/dot.hpp"
#include "common/store/fusion.hpp"
#include "common/store/postgres/hnsw.hpp"
#include "common/store/query_words.hpp"

#include <algorithm>
#include <cstring>
#include <unordered_map>

namespace holdfast::store::postgres {

namespace {

// How deep each ranking is read before they are fused.
constexpr std::size_t kDepth = 100;
// Longer ones are in no index.
constexpr std::size_t kLongestWord = 1000;

constexpr std::string_view kOneState = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
// The words are folded as the stored ones were, which leaves nothing in them that means anything to
// to_tsquery(); each stays quoted, because the parser may still make several of it. A word of the
// title counts twice as much as one of the text, and one of a long text less than one of a short.
constexpr std::string_view kByWords =
    "WITH q AS MATERIALIZED (SELECT to_tsquery('holdfast.words', coalesce(string_agg("
    "'''' || holdfast.fold(w.word) || '''' || CASE WHEN w.beginning THEN ':*' ELSE '' END, ' | '),"
    " '')) AS query FROM unnest($1::text[], $2::bigint[]) AS u(word, beginning),"
    " LATERAL (SELECT u.word, u.beginning <> 0) AS w(word, beginning)"
    " WHERE holdfast.fold(u.word) ~ '[^ ]')"
    " SELECT document, id, rank::float8 FROM ("
    "SELECT DISTINCT ON (c.document) c.document, c.id,"
    " ts_rank('{0.1, 0.2, 0.5, 1.0}', c.words, q.query, 1) AS rank"
    " FROM q JOIN holdfast.chunk AS c ON c.words @@ q.query"
    " ORDER BY c.document, rank DESC, c.id) AS best"
    " ORDER BY rank DESC, document LIMIT $3";
constexpr std::string_view kHits =
    "SELECT c.id, d.id, c.title, c.ordinal, c.text, c.vector FROM holdfast.chunk AS c"
    " JOIN holdfast.document AS d ON d.seq = c.document WHERE c.id = ANY($1)";

std::vector<Candidate> rank_by_words(Transaction& transaction, std::string_view text,
                                     std::size_t limit) {
  std::vector<std::string> words;
  std::vector<std::int64_t> by_beginning;
  for (const QueryWord& word : query_words(text)) {
    if (word.text.size() > kLongestWord) continue;
    words.push_back(storable_text(word.text));
    by_beginning.push_back(word.by_beginning ? 1 : 0);
  }
  std::vector<Candidate> ranking;
  if (words.empty()) return ranking;
  const Rows rows = transaction.run(
      Statement(kByWords).bind(words, by_beginning, static_cast<std::int64_t>(limit)));
  for (int row = 0; row < rows.count(); ++row)
    ranking.push_back({rows.integer(row, 0), rows.integer(row, 1), rows.real(row, 2)});
  return ranking;
}

SearchHit make_hit(const Fused& fused, const Rows& rows, int row, std::span<const float> vector) {
  SearchHit hit;
  hit.document_id = rows.text(row, 1);
  hit.title = rows.text(row, 2);
  hit.chunk = rows.integer(row, 3);
  hit.text = rows.text(row, 4);
  hit.score = fused.score;
  hit.similarity = fused.similarity;
  const std::string_view own = rows.bytes(row, 5);
  // The text ranking chose a different chunk than the vectors did.
  if (fused.by_vector && !hit.similarity && own.size() == vector.size_bytes()) {
    std::vector<float> decoded(vector.size());
    std::memcpy(decoded.data(), own.data(), own.size());
    hit.similarity = static_cast<double>(dot(decoded.data(), vector.data(), decoded.size()));
  }
  return hit;
}

std::vector<SearchHit> read_hits(Transaction& transaction, const std::vector<Fused>& ranking,
                                 std::span<const float> vector) {
  std::vector<SearchHit> hits;
  if (ranking.empty()) return hits;
  std::vector<std::int64_t> chunks;
  for (const Fused& fused : ranking)
    chunks.push_back(fused.chunk);
  const Rows rows = transaction.run(Statement(kHits).bind(chunks));
  std::unordered_map<std::int64_t, int> row_of;
  for (int row = 0; row < rows.count(); ++row)
    row_of.emplace(rows.integer(row, 0), row);
  for (const Fused& fused : ranking) {
    const auto found = row_of.find(fused.chunk);
    if (found != row_of.end()) hits.push_back(make_hit(fused, rows, found->second, vector));
  }
  return hits;
}

std::vector<Candidate> nearest(Transaction& one_state, VectorIndex& vectors, bool indexed,
                               std::span<const float> vector, std::size_t depth) {
  if (indexed) {
    if (auto found = hnsw_nearest(one_state, vector, depth)) return std::move(*found);
    one_state.end();
  }
  return vectors.nearest(one_state, vector, depth);
}

}  // namespace

std::vector<SearchHit> search(PgConnection& connection, VectorIndex& vectors, std::string_view text,
                              std::span<const float> vector, std::size_t k) {
  if (k == 0) return {};
  const std::size_t depth = std::max(kDepth, 2 * k);
  const bool indexed = !vector.empty() && hnsw_ready(connection, vector.size(), depth);
  Transaction one_state(connection, kOneState);
  std::vector<Candidate> by_vector;
  if (!vector.empty()) by_vector = nearest(one_state, vectors, indexed, vector, depth);
  const std::vector<Candidate> by_words = rank_by_words(one_state, text, depth);
  return read_hits(one_state, fuse(by_vector, by_words, k), vector);
}

}  // namespace holdfast::store::postgres
