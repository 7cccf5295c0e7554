// SPDX-License-Identifier: Apache-2.0
#pragma once

// The features of a text, as (hash, weight) pairs, each distinct hash once. See hashing.hpp for
// the method. Threads: one owner; the buffers are kept between texts so that a batch allocates
// once.

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace holdfast::embedding {

class FeatureCounter {
 public:
  struct Feature {
    std::uint64_t hash = 0;
    float weight = 0;         // of one occurrence, summed over all of them
    std::uint32_t count = 0;  // 0: a free slot
  };

  FeatureCounter();

  // Counts the features of `text`; forgets those of the text before.
  void count(std::string_view text);

  // Calls visit(hash, value) once per distinct feature, in the order of first occurrence.
  template <class Visit>
  void each(Visit visit) const {
    for (const std::uint32_t slot : used_)
      visit(slots_[slot].hash, value_of(slots_[slot]));
  }

 private:
  void add(std::uint64_t hash, float weight);
  void add_word();
  void grow();
  std::uint32_t slot_of(std::uint64_t hash) const;
  static float value_of(const Feature& feature);

  std::vector<Feature> slots_;  // open addressing; the size is a power of two
  std::vector<std::uint32_t> used_;
  std::vector<char32_t> word_;  // "<word>", lower-cased
};

// FNV-1a with a code point where it has a byte, then MurmurHash3's finaliser.
std::uint64_t hash_feature(std::uint64_t kind, std::span<const char32_t> code_points);

}  // namespace holdfast::embedding
