// SPDX-License-Identifier: Apache-2.0
#pragma once

// The second half of a search, the same for every engine: what the engine has found is ordered by
// the one rule (search::Ranker), and the best of it becomes the answer.
//
// Threads: pure functions.

#include "common/search/analyser.hpp"
#include "common/search/ranking.hpp"
#include "common/store/candidate.hpp"
#include "common/store/types.hpp"

#include <vector>

namespace holdfast::store {

// How many candidates an engine reads from each of its two indexes.
inline constexpr std::size_t kSearchDepth = 100;

// A chunk that an engine has found, by its words or by its vector.
struct FoundChunk {
  std::int64_t document = 0;  // document.seq
  std::string document_id;
  std::string title;
  std::int64_t ordinal = 0;
  std::string text;
  std::vector<float> vector;
};

// The best k documents, each by its best chunk.
std::vector<SearchHit> rank_hits(const SearchQuery& query, search::Analyser& analyser,
                                 const search::Query& parsed,
                                 const search::Frequencies& frequencies,
                                 std::vector<FoundChunk> found);

}  // namespace holdfast::store
