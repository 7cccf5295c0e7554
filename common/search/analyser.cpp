// SPDX-License-Identifier: Apache-2.0
#include "common/search/analyser.hpp"

#include "common/search/codes.hpp"
#include "common/search/fold.hpp"
#include "common/search/hebrew.hpp"
#include "common/search/printed_form.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>

namespace holdfast::search {

namespace {

constexpr std::size_t kMostTerms = 64;
// With the terms, 240: FTS5 refuses expressions more than 256 deep.
constexpr std::size_t kMostVariants = 176;
constexpr std::size_t kMostSpellings = 8;  // of a phrase
constexpr std::size_t kRecognisable = 4;
constexpr std::size_t kAroundJoined = 8;  // words before, and after, what is in order once more
constexpr std::string_view kInterruption = "_";  // where no phrase goes on

// Languages close the same quote in different ways.
struct Quotes {
  std::string_view open;
  std::array<std::string_view, 4> close;
};
constexpr std::array<Quotes, 14> kQuotes{{{"\"", {"\""}},
                                          {"\uFF02", {"\uFF02"}},
                                          {"“", {"”", "“", "\""}},
                                          {"„", {"“", "”", "„", "\""}},
                                          {"‟", {"”"}},
                                          {"”", {"”"}},
                                          {"«", {"»"}},
                                          {"»", {"«", "»"}},
                                          {"‹", {"›"}},
                                          {"›", {"‹", "›"}},
                                          {"「", {"」"}},
                                          {"『", {"』"}},
                                          {"《", {"》"}},
                                          {"〝", {"〞", "〟"}}}};

// What closes a quote.
struct Closing {
  std::size_t at = std::string_view::npos;
  std::size_t size = 0;
};

// The first of them at or after `at`; what is inside a Hebrew word is none.
Closing find_closing(std::string_view text, const Quotes& quotes, std::size_t at) {
  for (; at < text.size(); ++at) {
    if (hebrew_mark(text, at) > 0) continue;
    for (const std::string_view close : quotes.close) {
      if (!close.empty() && text.substr(at).starts_with(close)) return {at, close.size()};
    }
  }
  return {};
}

// What stands in quotes.
std::vector<std::string_view> quoted(std::string_view text) {
  std::vector<std::string_view> found;
  std::size_t doubled = 0;  // how often the next quote is opened, and so closed, besides
  for (std::size_t at = 0; at < text.size();) {
    const auto* const quotes =
        std::find_if(kQuotes.begin(), kQuotes.end(),
                     [&](const Quotes& pair) { return text.substr(at).starts_with(pair.open); });
    if (quotes == kQuotes.end() || hebrew_mark(text, at) > 0) {
      ++at;
      continue;
    }
    const std::size_t begin = at + quotes->open.size();
    const Closing end = find_closing(text, *quotes, begin);
    // One without an end, and the first of a doubled one, mean nothing.
    if (end.at == std::string_view::npos) {
      at = begin;
      continue;
    }
    at = end.at + end.size;
    if (end.at == begin && at < text.size() && text[at] != ' ') {
      at = begin;
      ++doubled;
      continue;
    }
    found.push_back(text.substr(begin, end.at - begin));
    const std::string_view close = text.substr(end.at, end.size);
    for (; doubled > 0 && text.substr(at).starts_with(close); --doubled)
      at += close.size();
    doubled = 0;
  }
  return found;
}

bool has_digit(std::string_view word) {
  return std::any_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool has_alphabet(Script script) {
  return script != Script::Han && script != Script::Hangul && script != Script::SouthEast &&
         script != Script::Other;
}

// A word in a text as it is read, where a formula and a word broken at the end of a line are one.
struct ReadWord {
  std::string_view text;
  bool is_joined = false;
};

// Nothing if that is how its words stand.
std::vector<ReadWord> as_read(const Tokens& tokens) {
  std::vector<ReadWord> read;
  auto joined = tokens.joined.begin();
  const auto find_next = [&](std::size_t from) {
    joined = std::find_if(joined, tokens.joined.end(), [&](const Joined& one) {
      return one.is_read_as_one && one.first >= from;
    });
  };
  find_next(0);
  if (joined == tokens.joined.end()) return read;
  for (std::size_t i = 0; i < tokens.words.size(); ++i) {
    if (joined == tokens.joined.end() || joined->first != i) {
      read.push_back({tokens.words[i].text, false});
      continue;
    }
    read.push_back({joined->word.text, true});
    i = joined->last;
    find_next(i + 1);
  }
  return read;
}

// Whether a picture stands for words.
bool is_spelled(std::string_view picture) {
  const char32_t c = text::decode_utf8(picture).value;
  return !drawn_as_one(c).empty() || !lowered_to_line(c).empty();
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
    query_.terms.push_back({word, {}, false, false, false, {}});
    place_.emplace(word, query_.terms.size() - 1);
    return query_.terms.size() - 1;
  }
  void add_joined(const std::string& word, std::span<const std::optional<std::size_t>> parts) {
    const std::size_t before = query_.terms.size();
    const auto place = add(word);
    if (!place) return;
    Term& term = query_.terms[*place];
    if (*place == before) term.is_joined = true;
    for (const auto& part : parts) {
      if (part && *part != *place) term.parts.push_back(*part);
    }
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
  // Phrases may have what is joined as it is read. All words again would be too many.
  const std::vector<ReadWord> read = as_read(tokens);
  std::size_t end = 0;
  for (std::size_t i = 0; i < read.size(); ++i) {
    if (!read[i].is_joined) continue;
    const std::size_t begin = i - std::min(i, kAroundJoined);
    if (end == 0 || begin > end) {
      append(kInterruption);
      end = begin;
    }
    for (; end < read.size() && end <= i + kAroundJoined; ++end)
      append(read[end].text);
  }
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
  for (const Token& picture : tokens.emoji)
    append_once(picture.text);
  for (const std::string& piece : tokens.pieces)
    append_once(piece);
  return terms;
}

void Analyser::add_phrase(Query& query, std::string_view text) {
  const Tokens tokens = tokenise(text);
  const std::vector<Token>& words = tokens.words;
  if (words.empty() || query.phrases.size() == kMostTerms) return;
  const std::vector<Code> codes = codes_in(text, words);
  auto code = codes.begin();
  Phrase phrase(1);
  for (std::size_t i = 0; i < words.size(); ++i) {
    Phrase ways{{words[i].text}};
    if (code != codes.end() && code->front().word == i) {
      ways = spellings_of(*code, words);
      if (ways.size() * phrase.size() > kMostSpellings) ways.resize(1);
      i = code->back().word;
      ++code;
    }
    Phrase longer;
    for (const auto& begin : phrase) {
      for (const auto& way : ways) {
        longer.push_back(begin);
        longer.back().insert(longer.back().end(), way.begin(), way.end());
      }
    }
    phrase = std::move(longer);
  }
  if (const std::vector<ReadWord> read = as_read(tokens); !read.empty()) {
    auto& spelling = phrase.emplace_back();
    for (const ReadWord& word : read)
      spelling.emplace_back(word.text);
  }
  query.phrases.push_back(std::move(phrase));
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
  for (const Token& picture : tokens.emoji) {
    if (const auto place = list.add(picture.text)) {
      // Its words are looked for, too: it is not missed where nobody has it.
      query.terms[*place].is_joined = is_spelled(picture.text);
    }
  }
  for (const Joined& joined : tokens.joined) {
    if (joined.cuts_words) continue;
    list.add_joined(joined.word.text,
                    std::span(places).subspan(joined.first, joined.last - joined.first + 1));
    each_stem(joined.word, LanguageSet::all_latin(),
              [&](std::string stem) { list.add_variant(joined.word.text, std::move(stem)); });
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
