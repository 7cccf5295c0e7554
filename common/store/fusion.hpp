// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reciprocal rank fusion: score(d) = sum over the rankings of 1 / (60 + rank of d).
// Cormack, Clarke and Büttcher, SIGIR 2009. Pure.

#include "common/store/candidate.hpp"

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace holdfast::store {

struct Fused {
  std::int64_t document = 0;
  std::int64_t chunk = 0;  // of the ranking that placed the document higher; by vector if equal
  double score = 0;
  bool by_vector = false;            // the vector ranking has the document
  std::optional<double> similarity;  // of this chunk, where the vector ranking found this chunk
};

std::vector<Fused> fuse(std::span<const Candidate> by_vector, std::span<const Candidate> by_text,
                        std::size_t limit);

}  // namespace holdfast::store
