// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/hashing.hpp"

#include "common/embedding/features.hpp"

namespace holdfast::embedding {

Result<Vectors> HashingProvider::embed(std::span<const std::string_view> texts, const EmbedCall&) {
  Vectors vectors;
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
    // Nothing to go by (blanks, punctuation, or signs that cancelled out): a fixed direction, since
    // the cosine of a zero vector is not a number.
    if (!to_unit_length(vector)) vector[0] = 1;
    vectors.push_back(std::move(vector));
  }
  return vectors;
}

}  // namespace holdfast::embedding
