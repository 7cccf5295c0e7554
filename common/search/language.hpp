// SPDX-License-Identifier: Apache-2.0
#pragma once

// Languages that have a stemmer, and which of them a text may be in. Letters tell for most scripts;
// texts in Latin letters are told apart by their commonest words.
//
// Threads: pure functions.

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace holdfast::search {

// Those in Latin letters first. The order is that of kLanguages.
enum class Language : std::uint8_t {
  English,
  German,
  French,
  Spanish,
  Italian,
  Portuguese,
  Dutch,
  Swedish,
  Danish,
  Norwegian,
  Finnish,
  Hungarian,
  Romanian,
  Turkish,
  Indonesian,
  Russian,
  Greek,
  Arabic,
  Hindi,
  Armenian,
  Tamil,
};
inline constexpr std::size_t kLanguages = 21;
inline constexpr std::size_t kLatinLanguages = 15;

std::string_view name_of(Language language);  // as Snowball calls it: "german"
std::string_view code_of(Language language);  // "de"

enum class Script : std::uint8_t {
  Latin,
  Cyrillic,
  Greek,
  Hebrew,
  Arabic,
  Devanagari,
  Armenian,
  Tamil,
  Han,        // with kana: no spaces between words
  Hangul,     // spaces, and particles at the end of words
  SouthEast,  // Thai, Lao, Khmer, Burmese, Tibetan: no spaces between words
  Other,      // and digits
};
Script script_of(char32_t c);

// Some of the languages.
class LanguageSet {
 public:
  constexpr LanguageSet() = default;
  static constexpr LanguageSet all_latin() { return LanguageSet((1U << kLatinLanguages) - 1); }
  constexpr void add(Language language) { bits_ |= bit(language); }
  constexpr bool has(Language language) const { return (bits_ & bit(language)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr bool overlaps(LanguageSet other) const { return (bits_ & other.bits_) != 0; }
  bool operator==(const LanguageSet&) const = default;

 private:
  constexpr explicit LanguageSet(std::uint32_t bits) : bits_(bits) {}
  static constexpr std::uint32_t bit(Language language) {
    return 1U << static_cast<unsigned>(language);
  }
  std::uint32_t bits_ = 0;
};

// The languages in which this lower-cased word is one of the commonest, which say little about what
// a text is about.
LanguageSet common_word_of(std::string_view word);

// Counts a text's words in Latin letters, and guesses.
class LanguageGuess {
 public:
  void count(std::string_view word);
  // The likeliest languages, at most a few. A short text that says nothing may be in any of them; a
  // long one that says nothing (a log, a table) is taken for English.
  LanguageSet languages() const;
  // The likeliest, if there is any evidence.
  LanguageSet evident() const;

 private:
  std::uint32_t most() const;
  LanguageSet at_least(std::uint32_t count) const;

  std::uint32_t words_ = 0;
  std::array<std::uint32_t, kLatinLanguages> counts_{};
};

}  // namespace holdfast::search
