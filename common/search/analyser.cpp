// SPDX-License-Identifier: Apache-2.0
#include "common/search/analyser.hpp"

#include "common/search/fold.hpp"
#include "common/search/hebrew.hpp"
#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <unordered_map>
#include <unordered_set>

namespace holdfast::search {

namespace {

constexpr std::size_t kMostTerms = 64;
// With the terms, 240: FTS5 refuses expressions more than 256 deep.
constexpr std::size_t kMostVariants = 176;
constexpr std::size_t kRecognisable = 4;

struct Quotes {
  std::string_view open;
  std::string_view close;
};
constexpr std::array<Quotes, 6> kQuotes{
    {{"\"", "\""}, {"“", "”"}, {"„", "“"}, {"«", "»"}, {"「", "」"}, {"”", "”"}}};

// Where the quote stands at or after `at`; what is inside a Hebrew word is none.
std::size_t find_quote(std::string_view text, std::string_view quote, std::size_t at) {
  at = text.find(quote, at);
  while (at != std::string_view::npos && hebrew_mark(text, at) > 0)
    at = text.find(quote, at + quote.size());
  return at;
}

// What stands in quotes.
std::vector<std::string_view> quoted(std::string_view text) {
  std::vector<std::string_view> found;
  for (std::size_t at = 0; at < text.size();) {
    const auto* const quotes =
        std::find_if(kQuotes.begin(), kQuotes.end(),
                     [&](const Quotes& pair) { return text.substr(at).starts_with(pair.open); });
    if (quotes == kQuotes.end() || hebrew_mark(text, at) > 0) {
      ++at;
      continue;
    }
    const std::size_t begin = at + quotes->open.size();
    const std::size_t end = find_quote(text, quotes->close, begin);
    if (end == std::string_view::npos) {
      at = begin;
      continue;
    }
    found.push_back(text.substr(begin, end - begin));
    at = end + quotes->close.size();
  }
  return found;
}

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// Where letters end and digits begin, or the other way round, in a word of ASCII that has one such
// place; 0: it has none, or several.
std::size_t meeting(std::string_view word) {
  std::size_t found = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (!text::is_alphanumeric(word[i])) return 0;
    if (i == 0 || text::is_alpha(word[i]) == text::is_alpha(word[i - 1])) continue;
    if (found > 0) return 0;
    found = i;
  }
  return found;
}

bool has_alphabet(Script script) {
  return script != Script::Han && script != Script::Hangul && script != Script::SouthEast &&
         script != Script::Other;
}

// Collects terms, each once.
class TermList {
 public:
  explicit TermList(Query& query) : query_(query) {}

  // Its place, or none if there is no more room.
  std::optional<std::size_t> add(const std::string& word) {
    const auto found = place_.find(word);
    if (found != place_.end()) return found->second;
    if (query_.terms.size() == kMostTerms) return std::nullopt;
    query_.terms.push_back({word, {}, false, false, false});
    place_.emplace(word, query_.terms.size() - 1);
    return query_.terms.size() - 1;
  }
  void add_joined(const std::string& word) {
    const std::size_t before = query_.terms.size();
    if (const auto place = add(word); place == before) query_.terms[before].is_joined = true;
  }
  void add_variant(const std::string& word, std::string variant) {
    if (const auto found = place_.find(word); found != place_.end())
      add_variant(found->second, std::move(variant));
  }
  void add_variant(std::size_t place, std::string variant) {
    auto& variants = query_.terms[place].variants;
    if (std::find(variants.begin(), variants.end(), variant) != variants.end()) return;
    if (variants_ == kMostVariants) return;
    variants.push_back(std::move(variant));
    ++variants_;
  }

 private:
  Query& query_;
  std::unordered_map<std::string, std::size_t> place_;
  std::size_t variants_ = 0;
};

}  // namespace

std::string Analyser::stem_term(Language language, std::string_view word) {
  std::string term(code_of(language));
  term += '_';
  std::u32string letters;
  const std::string_view stem = stemmers_.stem(language, word);
  for (std::size_t at = 0; at < stem.size();) {
    const auto [c, length] = text::decode_utf8(stem.substr(at));
    letters.push_back(c);
    at += length;
  }
  return term + to_utf8(fold(letters));
}

std::string Analyser::index_terms(std::string_view text) {
  const Tokens tokens = tokenise(text);
  const LanguageSet latin = tokens.guess.languages();
  std::string terms;
  terms.reserve(text.size() * 2);
  const auto append = [&](std::string_view term) {
    if (!terms.empty()) terms += ' ';
    terms += term;
  };
  for (const Token& token : tokens.words)
    append(token.text);
  append(kUnordered);
  std::unordered_set<std::string> seen;
  const auto append_once = [&](const std::string& term) {
    if (seen.insert(term).second) append(term);
  };
  std::unordered_set<std::string_view> stemmed;
  for (const Token& token : tokens.words) {
    if (token.to_stem.empty() || !stemmed.insert(token.to_stem).second) continue;
    each_stem(token, latin, append_once);
  }
  for (const Joined& joined : tokens.joined) {
    append_once(joined.word.text);
    each_stem(joined.word, latin, append_once);
  }
  for (const std::string& piece : tokens.pieces)
    append_once(piece);
  return terms;
}

void Analyser::add_phrase(Query& query, std::string_view text) {
  std::vector<std::string> phrase;
  for (const Token& token : tokenise(text).words)
    phrase.push_back(token.text);
  if (!phrase.empty() && query.phrases.size() < kMostTerms) query.phrases.push_back(phrase);
}

Query Analyser::parse_query(std::string_view text) {
  Query query;
  for (const std::string_view phrase : quoted(text))
    add_phrase(query, phrase);
  const Tokens tokens = tokenise(text);
  TermList list(query);
  std::vector<std::optional<std::size_t>> places;
  const LanguageSet evident = tokens.guess.evident();
  for (const Token& token : tokens.words) {
    places.push_back(list.add(token.text));
    if (!places.back()) continue;
    Term& term = query.terms[*places.back()];
    const LanguageSet spoken = token.script == Script::Latin ? evident : languages_of(token, {});
    term.is_common = common_word_of(token.to_stem).overlaps(spoken);
    term.may_be_misspelt = has_alphabet(token.script) && !has_digit(token.text) &&
                           text::count_code_points(token.text) >= kRecognisable;
  }
  // Words that say something first: they are the ones that need every spelling.
  for (const bool common : {false, true}) {
    for (std::size_t i = 0; i < tokens.words.size(); ++i) {
      if (!places[i] || query.terms[*places[i]].is_common != common) continue;
      each_stem(tokens.words[i], LanguageSet::all_latin(),
                [&](std::string stem) { list.add_variant(*places[i], std::move(stem)); });
    }
  }
  for (const Joined& joined : tokens.joined) {
    list.add_joined(joined.word.text);
    each_stem(joined.word, LanguageSet::all_latin(),
              [&](std::string stem) { list.add_variant(joined.word.text, std::move(stem)); });
  }
  // "rfc9110" and "RFC 9110" are one name.
  for (std::size_t i = 1; i < tokens.words.size(); ++i) {
    const std::string& word = tokens.words[i].text;
    if (tokens.words[i - 1].end + 1 != tokens.words[i].begin) continue;
    const std::string& before = tokens.words[i - 1].text;
    if (meeting(before + word) == before.size()) list.add_joined(before + word);
  }
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    const std::string word = query.terms[i].word;
    if (const std::size_t at = meeting(word); at > 0)
      list.add_variant(i, word.substr(0, at) + ' ' + word.substr(at));
  }
  for (std::size_t i = 1; i < places.size(); ++i) {
    if (places[i - 1] && places[i] && *places[i - 1] != *places[i])
      query.neighbours.emplace_back(*places[i - 1], *places[i]);
  }
  // A query of common words alone means them.
  if (std::all_of(query.terms.begin(), query.terms.end(),
                  [](const Term& term) { return term.is_common; })) {
    for (Term& term : query.terms)
      term.is_common = false;
  }
  return query;
}

}  // namespace holdfast::search
