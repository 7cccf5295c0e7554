// SPDX-License-Identifier: Apache-2.0
#include "common/search/korean.hpp"

#include <algorithm>
#include <array>

namespace holdfast::search {

namespace {

constexpr std::array<std::u32string_view, 27> kAfterAny{
    U"의",     U"에",     U"도",     U"만",   U"에서", U"에게", U"에는", U"에도", U"에서는",
    U"에서도", U"에서의", U"에게서", U"까지", U"부터", U"처럼", U"보다", U"마다", U"밖에",
    U"조차",   U"마저",   U"만큼",   U"만은", U"만을", U"하고", U"한테", U"께서", U"뿐",
};
constexpr std::array<std::u32string_view, 19> kAfterConsonant{
    U"은",     U"이",     U"을",   U"과",     U"으로", U"으로는", U"으로도",
    U"으로서", U"으로써", U"이나", U"이란",   U"이라", U"이라는", U"이라도",
    U"이다",   U"이며",   U"이고", U"입니다", U"과의",
};
constexpr std::array<std::u32string_view, 9> kAfterVowel{
    U"는", U"가", U"를", U"와", U"란", U"라는", U"라도", U"와의", U"와는",
};
// And after the consonant ㄹ.
constexpr std::array<std::u32string_view, 5> kAfterVowelOrL{U"로", U"로는", U"로도", U"로서",
                                                            U"로써"};

// A syllable is one of 28 final consonants, of which the first is none (The Unicode
// Standard, 3.12).
constexpr char32_t kFirstSyllable = 0xAC00;
constexpr char32_t kLastSyllable = 0xD7A3;
constexpr char32_t kFinals = 28;
constexpr char32_t kFinalL = 8;

template <class Words>
bool has(const Words& words, std::u32string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

bool is_short_noun(std::u32string_view word) {
  if (word.empty() || word.front() < kFirstSyllable || word.front() > kLastSyllable) return false;
  char32_t final = (word.front() - kFirstSyllable) % kFinals;
  word.remove_prefix(1);
  if (word.starts_with(U"들")) {  // the plural
    final = kFinalL;
    word.remove_prefix(1);
  }
  if (word.empty() || has(kAfterAny, word)) return true;
  if ((final == 0 || final == kFinalL) && has(kAfterVowelOrL, word)) return true;
  return final == 0 ? has(kAfterVowel, word) : has(kAfterConsonant, word);
}

}  // namespace holdfast::search
