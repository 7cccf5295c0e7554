// SPDX-License-Identifier: Apache-2.0
#include "common/store/fusion.hpp"

#include <algorithm>
#include <unordered_map>

namespace holdfast::store {

namespace {

constexpr double kRankConstant = 60;

double reciprocal(std::size_t index) {
  return 1.0 / (kRankConstant + static_cast<double>(index + 1));
}

bool ranks_before(const Fused& a, const Fused& b) {
  if (a.score != b.score) return a.score > b.score;
  return a.document < b.document;
}

}  // namespace

std::vector<Fused> fuse(std::span<const Candidate> by_vector, std::span<const Candidate> by_text,
                        std::size_t limit) {
  std::vector<Fused> fused;
  std::unordered_map<std::int64_t, std::size_t> at;  // document -> its place in `fused`
  for (std::size_t i = 0; i < by_vector.size(); ++i) {
    const Candidate& found = by_vector[i];
    at.emplace(found.document, fused.size());
    fused.push_back({found.document, found.chunk, reciprocal(i), true, found.score});
  }
  for (std::size_t i = 0; i < by_text.size(); ++i) {
    const Candidate& found = by_text[i];
    const auto [place, is_new] = at.emplace(found.document, fused.size());
    if (is_new) {
      fused.push_back({found.document, found.chunk, reciprocal(i), false, std::nullopt});
      continue;
    }
    Fused& both = fused[place->second];
    if (reciprocal(i) > both.score && found.chunk != both.chunk) {
      both.chunk = found.chunk;
      both.similarity.reset();
    }
    both.score += reciprocal(i);
  }
  std::sort(fused.begin(), fused.end(), ranks_before);
  if (fused.size() > limit) fused.resize(limit);
  return fused;
}

}  // namespace holdfast::store
