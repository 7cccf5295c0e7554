// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/stop_words.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace holdfast::embedding {

namespace {

// Sorted, for the binary search.
constexpr std::array kStopWords = std::to_array<std::u32string_view>({
    U"a",    U"about", U"after", U"all",  U"also",  U"an",    U"and",   U"any",   U"are",
    U"as",   U"at",    U"be",    U"been", U"but",   U"by",    U"can",   U"could", U"did",
    U"do",   U"does",  U"dont",  U"each", U"for",   U"from",  U"had",   U"has",   U"have",
    U"he",   U"her",   U"his",   U"how",  U"i",     U"if",    U"in",    U"into",  U"is",
    U"it",   U"its",   U"may",   U"more", U"my",    U"no",    U"nor",   U"not",   U"of",
    U"on",   U"one",   U"only",  U"or",   U"other", U"our",   U"out",   U"over",  U"shall",
    U"she",  U"so",    U"some",  U"such", U"than",  U"that",  U"the",   U"their", U"them",
    U"then", U"there", U"these", U"they", U"this",  U"those", U"to",    U"under", U"up",
    U"was",  U"we",    U"were",  U"what", U"when",  U"where", U"which", U"who",   U"will",
    U"with", U"would", U"you",   U"your",
});
static_assert(std::is_sorted(kStopWords.begin(), kStopWords.end()));

}  // namespace

bool is_stop_word(std::span<const char32_t> word) {
  constexpr std::size_t kLongest = 5;
  if (word.size() > kLongest) return false;
  return std::binary_search(kStopWords.begin(), kStopWords.end(),
                            std::u32string_view(word.data(), word.size()));
}

}  // namespace holdfast::embedding
