// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/features.hpp"

#include "common/embedding/characters.hpp"
#include "common/embedding/stem.hpp"
#include "common/embedding/stop_words.hpp"
#include "common/text/utf8.hpp"

#include <cmath>

namespace holdfast::embedding {

namespace {

constexpr std::uint64_t kFnvOffset = 0xcbf29ce484222325ULL;
constexpr std::uint64_t kFnvPrime = 0x00000100000001b3ULL;
// Words and n-grams are different features even when they have the same letters.
constexpr std::uint64_t kWordKind = 1;
constexpr std::uint64_t kGramKind = 2;

constexpr float kWordWeight = 1.0F;
constexpr float kStopWordWeight = 0.1F;
// The length of the vector that all n-grams of one word add up to, beside its word's 1.
constexpr float kGramsWeight = 0.7F;

constexpr std::size_t kShortest = 3;
constexpr std::size_t kLongest = 5;

std::uint64_t mix_in(std::uint64_t hash, char32_t c) {
  return (hash ^ c) * kFnvPrime;
}

std::uint64_t finalise(std::uint64_t h) {
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdULL;
  h ^= h >> 33;
  h *= 0xc4ceb9fe1a85ec53ULL;
  return h ^ (h >> 33);
}

std::uint64_t seed(std::uint64_t kind) {
  return (kFnvOffset ^ kind) * kFnvPrime;
}

std::size_t gram_count(std::size_t length) {
  std::size_t count = 0;
  for (std::size_t n = kShortest; n <= kLongest && n <= length; ++n)
    count += length - n + 1;
  return count;
}

bool is_apostrophe(char32_t c) {
  return c == U'\'' || c == 0x2019;
}

}  // namespace

std::uint64_t hash_feature(std::uint64_t kind, std::span<const char32_t> code_points) {
  std::uint64_t hash = seed(kind);
  for (const char32_t c : code_points)
    hash = mix_in(hash, c);
  return finalise(hash);
}

FeatureCounter::FeatureCounter() : slots_(8192) {}

void FeatureCounter::count(std::string_view text) {
  for (const std::uint32_t slot : used_)
    slots_[slot] = {};
  used_.clear();
  word_.assign(1, U'<');
  for (std::size_t at = 0; at < text.size();) {
    const auto [c, length] = text::decode_utf8(text.substr(at));
    at += length;
    if (is_ideographic(c)) {
      add_word();
      word_.push_back(c);
      add_word();
    } else if (is_word_character(c)) {
      word_.push_back(to_lower(c));
    } else if (!is_apostrophe(c)) {  // "don't" is one word
      add_word();
    }
  }
  add_word();
}

// Counts the word in `word_` ('<' and its letters), then empties it.
void FeatureCounter::add_word() {
  if (word_.size() == 1) return;
  const std::span<const char32_t> letters(word_.data() + 1, word_.size() - 1);
  const bool stop = is_stop_word(letters);
  add(hash_feature(kWordKind, letters.first(stem_length(letters))),
      stop ? kStopWordWeight : kWordWeight);
  if (!stop) {
    word_.push_back(U'>');
    const float weight = kGramsWeight / std::sqrt(static_cast<float>(gram_count(word_.size())));
    for (std::size_t first = 0; first + kShortest <= word_.size(); ++first) {
      std::uint64_t hash = seed(kGramKind);
      for (std::size_t n = 1; n <= kLongest && first + n <= word_.size(); ++n) {
        hash = mix_in(hash, word_[first + n - 1]);
        if (n >= kShortest) add(finalise(hash), weight);
      }
    }
  }
  word_.resize(1);
}

std::uint32_t FeatureCounter::slot_of(std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::size_t>(hash) & mask;
  while (slots_[slot].count != 0 && slots_[slot].hash != hash)
    slot = (slot + 1) & mask;
  return static_cast<std::uint32_t>(slot);
}

void FeatureCounter::add(std::uint64_t hash, float weight) {
  const std::uint32_t slot = slot_of(hash);
  Feature& feature = slots_[slot];
  if (feature.count == 0) {
    feature.hash = hash;
    used_.push_back(slot);
  }
  feature.weight += weight;
  ++feature.count;
  if (used_.size() * 2 > slots_.size()) grow();
}

void FeatureCounter::grow() {
  std::vector<Feature> old(slots_.size() * 2);
  old.swap(slots_);
  for (std::uint32_t& slot : used_) {
    const Feature& feature = old[slot];
    slot = slot_of(feature.hash);
    slots_[slot] = feature;
  }
}

float FeatureCounter::value_of(const Feature& feature) {
  if (feature.count == 1) return feature.weight;  // most are: no logarithm
  const float count = static_cast<float>(feature.count);
  return feature.weight / count * (1.0F + std::log(count));
}

}  // namespace holdfast::embedding
