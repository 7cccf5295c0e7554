// SPDX-License-Identifier: Apache-2.0
#include "common/store/query_words.hpp"

#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <array>
#include <unordered_set>

namespace holdfast::store {

namespace {

constexpr std::size_t kWords = 64;  // FTS5 refuses expressions more than 256 deep

// ASCII letters and digits, and every byte of a longer UTF-8 sequence: the engine's tokenizer sorts
// those out. Quotes, NUL and the operators of both engines are separators.
bool in_word(char c) {
  return static_cast<unsigned char>(c) >= 0x80 || text::is_alphanumeric(c);
}

// Precomposed Hangul, three bytes each.
bool is_hangul(std::string_view word) {
  for (std::size_t at = 0; at < word.size();) {
    const auto [value, length] = text::decode_utf8(word.substr(at));
    if (value < 0xAC00 || value > 0xD7A3) return false;
    at += length;
  }
  return !word.empty();
}

// Korean writes its particles at the end of the noun. Longer ones first.
constexpr std::array<std::string_view, 26> kParticles{
    "에서는", "에게서", "으로는", "으로", "에서", "에게", "까지", "부터", "처럼",
    "보다",   "이나",   "은",     "는",   "이",   "가",   "을",   "를",   "의",
    "에",     "로",     "와",     "과",   "도",   "만",   "나",   "께"};

// At least two syllables are left: a shorter beginning would match half the dictionary.
std::string_view without_particle(std::string_view word) {
  constexpr std::size_t kShortest = 2 * 3;
  for (const std::string_view particle : kParticles) {
    if (word.ends_with(particle) && word.size() >= particle.size() + kShortest) {
      return word.substr(0, word.size() - particle.size());
    }
  }
  return word;
}

}  // namespace

std::vector<QueryWord> query_words(std::string_view text) {
  std::unordered_set<std::string_view> seen;
  std::vector<QueryWord> words;
  std::size_t begin = 0;
  while (words.size() < kWords) {
    while (begin < text.size() && !in_word(text[begin]))
      ++begin;
    if (begin == text.size()) break;
    std::size_t end = begin;
    while (end < text.size() && in_word(text[end]))
      ++end;
    std::string_view word = text.substr(begin, end - begin);
    begin = end;
    const bool by_beginning = is_hangul(word);
    if (by_beginning) word = without_particle(word);
    if (seen.insert(word).second) words.push_back({word, by_beginning});
  }
  return words;
}

}  // namespace holdfast::store
