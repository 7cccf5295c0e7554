// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/search.hpp"

#include "common/store/dot.hpp"
#include "common/store/fusion.hpp"
#include "common/store/sqlite/chunks.hpp"
#include "common/store/sqlite/full_text.hpp"

#include <algorithm>

namespace holdfast::store::sqlite {

namespace {

// How deep each ranking is read before they are fused.
constexpr std::size_t kDepth = 100;

std::optional<SearchHit> read_hit(SqliteConnection& connection, const Fused& fused,
                                  std::span<const float> vector) {
  Query query = connection.query(
      "SELECT d.id, c.title, c.ordinal, c.text, c.vector FROM chunk AS c"
      " JOIN document AS d ON d.seq = c.document WHERE c.id = ?1");
  if (!query.bind(fused.chunk).step()) return std::nullopt;
  SearchHit hit;
  hit.document_id = query.text(0);
  hit.title = query.text(1);
  hit.chunk = query.integer(2);
  hit.text = query.text(3);
  hit.score = fused.score;
  hit.similarity = fused.similarity;
  if (fused.by_vector && !hit.similarity) {
    // The text ranking chose a different chunk.
    const std::vector<float> own = decode_vector(query.blob(4));
    if (own.size() == vector.size()) {
      hit.similarity = static_cast<double>(dot(own.data(), vector.data(), own.size()));
    }
  }
  return hit;
}

}  // namespace

std::vector<SearchHit> search(SqliteConnection& connection, VectorIndex& vectors,
                              std::string_view text, std::span<const float> vector, std::size_t k) {
  std::vector<SearchHit> hits;
  if (k == 0) return hits;
  const std::size_t depth = std::max(kDepth, 2 * k);
  ReadTransaction one_state(connection);
  std::vector<Candidate> by_vector;
  if (vector.empty()) {
    one_state.begin();
  } else {
    by_vector = vectors.nearest(connection, one_state, vector, depth);
  }
  const std::vector<Candidate> by_text = rank_by_text(connection, text, depth);
  for (const Fused& fused : fuse(by_vector, by_text, k)) {
    if (auto hit = read_hit(connection, fused, vector)) hits.push_back(std::move(*hit));
  }
  return hits;
}

}  // namespace holdfast::store::sqlite
