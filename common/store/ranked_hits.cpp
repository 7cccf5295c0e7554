// SPDX-License-Identifier: Apache-2.0
#include "common/store/ranked_hits.hpp"

#include "common/search/snippet.hpp"
#include "common/store/dot.hpp"

#include <algorithm>
#include <unordered_set>

namespace holdfast::store {

namespace {

struct Ranked {
  const FoundChunk* chunk = nullptr;
  double score = 0;
  std::optional<double> similarity;
};

std::optional<double> similarity_of(const FoundChunk& chunk, const std::vector<float>& query) {
  if (query.empty() || chunk.vector.size() != query.size()) return std::nullopt;
  return static_cast<double>(dot(chunk.vector.data(), query.data(), query.size()));
}

// Among equals the more similar, as a model's cosines may all be beyond what its scale calls the
// same; then the older document, so that an answer does not change between calls.
bool ranks_before(const Ranked& a, const Ranked& b) {
  if (a.score != b.score) return a.score > b.score;
  if (a.similarity != b.similarity) return a.similarity > b.similarity;
  if (a.chunk->document != b.chunk->document) return a.chunk->document < b.chunk->document;
  return a.chunk->ordinal < b.chunk->ordinal;
}

}  // namespace

std::vector<SearchHit> rank_hits(const SearchQuery& query, search::Analyser& analyser,
                                 const search::Query& parsed,
                                 const search::Frequencies& frequencies,
                                 std::vector<FoundChunk> found) {
  // Chunks of one document side by side: they share its title.
  std::sort(found.begin(), found.end(), [](const FoundChunk& a, const FoundChunk& b) {
    return std::pair(a.document, a.ordinal) < std::pair(b.document, b.ordinal);
  });
  search::Ranker ranker(analyser, parsed, frequencies, {query.unrelated, query.same});
  std::vector<Ranked> ranking;
  for (const FoundChunk& chunk : found) {
    const auto similarity = similarity_of(chunk, query.vector);
    const double score = ranker.score({chunk.title, chunk.text, similarity});
    if (score > 0 && score >= query.min_score) ranking.push_back({&chunk, score, similarity});
  }
  std::sort(ranking.begin(), ranking.end(), ranks_before);
  std::vector<SearchHit> hits;
  std::unordered_set<std::int64_t> seen;
  for (const Ranked& ranked : ranking) {
    if (hits.size() == query.k) break;
    if (!seen.insert(ranked.chunk->document).second) continue;
    SearchHit hit;
    hit.document_id = ranked.chunk->document_id;
    hit.title = ranked.chunk->title;
    hit.chunk = ranked.chunk->ordinal;
    hit.text = ranked.chunk->text;
    hit.snippet = search::snippet(hit.text, ranker.matches(hit.text), ranker);
    hit.score = ranked.score;
    hit.similarity = ranked.similarity;
    hits.push_back(std::move(hit));
  }
  return hits;
}

}  // namespace holdfast::store
