// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is indexed of a text, and what a query looks for: one analyser for every engine.
//
// Beside its words, a text is indexed by their stems in its own language. A stem carries the
// language ("de_schraub"), so that what one language's rules make of a word does not match another
// language's words. A query, whose language nobody knows, is stemmed in all of them.
//
// Threads: one at a time.

#include "common/search/arabic.hpp"
#include "common/search/hebrew.hpp"
#include "common/search/stemmers.hpp"
#include "common/search/tokens.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::search {

// One thing that a query looks for.
struct Term {
  std::string word;                   // as compared
  std::vector<std::string> variants;  // other terms of the index that mean it: its stems
  bool is_common = false;             // says little: it orders what the others find
  bool may_be_misspelt = false;       // has letters enough to be recognised with one wrong
  bool is_joined = false;             // words that are not one in the query, as one
  std::vector<std::size_t> parts;     // the terms of these words: what has it has them
};

// A phrase in each of its spellings, at first as it was typed. One of them has to be there, its
// words in this order, one after the other.
using Phrase = std::vector<std::vector<std::string>>;

struct Query {
  std::vector<Term> terms;
  std::vector<Phrase> phrases;
  // Which of the terms follow each other in the query.
  std::vector<std::pair<std::size_t, std::size_t>> neighbours;
};

// The form of what index_terms() gives, noted with each chunk. Who changes it counts it up:
// `migrate` makes the terms of older forms again.
inline constexpr std::int64_t kTermsForm = 2;

// Separates what stands in order from what is added, in index_terms().
inline constexpr std::string_view kUnordered = "__";

class Analyser {
 public:
  // The terms of a text, separated by blanks: its words in order, then kUnordered and the others.
  // Where a formula or a broken word is read as one ("H\u2082O", "infor-" and "mation"), it is in
  // order once more as it is read, after "_" and between the words around it. None contains a
  // blank, a quote or a backslash.
  std::string index_terms(std::string_view text);

  // At most 64 terms, with at most 240 spellings altogether. What is quoted is a phrase, and also
  // counts word by word. A quote without an end means nothing.
  Query parse_query(std::string_view text);

  // Calls visit(term) for each stem of the token, "de_schraub".
  template <class Visit>
  void each_stem(const Token& token, LanguageSet latin, Visit visit) {
    if (token.to_stem.empty()) return;
    if (token.script == Script::Hangul) return visit("ko_" + token.to_stem);
    if (token.script == Script::Hebrew) {
      for (const std::string_view form : without_hebrew_prefixes(token.text))
        visit("he_" + std::string(form));
      return;
    }
    if (token.script == Script::Arabic) {
      for (const std::string& form : arabic_forms(token.to_stem))
        visit(stem_term(Language::Arabic, form));
      return;
    }
    const LanguageSet languages = languages_of(token, latin);
    for (std::size_t i = 0; i < kLanguages && !languages.empty(); ++i) {
      const auto language = static_cast<Language>(i);
      if (languages.has(language)) visit(stem_term(language, token.to_stem));
    }
  }

 private:
  std::string stem_term(Language language, std::string_view word);
  void add_phrase(Query& query, std::string_view text);

  Stemmers stemmers_;
};

}  // namespace holdfast::search
