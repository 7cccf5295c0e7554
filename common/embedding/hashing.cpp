// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/hashing.hpp"

#include "common/embedding/features.hpp"

#include <cmath>

namespace holdfast::embedding {

namespace {

void to_unit_length(std::vector<float>& vector) {
  double squares = 0;
  for (const float x : vector)
    squares += static_cast<double>(x) * static_cast<double>(x);
  if (squares <= 0) {
    // Nothing to go by (blanks, punctuation, or signs that cancelled out): a fixed direction, since
    // the cosine of a zero vector is not a number.
    vector[0] = 1;
    return;
  }
  const double scale = 1 / std::sqrt(squares);
  for (float& x : vector)
    x = static_cast<float>(static_cast<double>(x) * scale);
}

}  // namespace

Result<std::vector<std::vector<float>>> HashingProvider::embed(
    std::span<const std::string_view> texts) {
  std::vector<std::vector<float>> vectors;
  vectors.reserve(texts.size());
  FeatureCounter counter;
  for (const std::string_view text : texts) {
    std::vector<float> vector(dimensions_);
    counter.count(text);
    counter.each([&](std::uint64_t hash, float value) {
      // The top bit is the sign; the 32 bits below it choose the bucket without a division bias.
      const std::uint64_t bucket = (((hash >> 31) & 0xFFFFFFFFu) * dimensions_) >> 32;
      vector[bucket] += value * (static_cast<float>(hash >> 63) * 2 - 1);  // no branch to guess
    });
    to_unit_length(vector);
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

}  // namespace holdfast::embedding
