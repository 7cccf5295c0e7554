// SPDX-License-Identifier: Apache-2.0
#include "common/search/ranking.hpp"

#include "common/text/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

namespace holdfast::search {

namespace {

constexpr double kWordsShare = 0.7;
constexpr double kTogetherShare = 0.15;

constexpr double kStemQuality = 0.85;
constexpr double kPartQuality = 0.85;  // of a longer name: "gtx1080" of "GTX 1080Ti"
constexpr double kOneWrong = 0.7;
constexpr double kTwoWrong = 0.5;
constexpr std::size_t kLongWord = 8;  // may have two letters wrong

constexpr double kCommonWeight = 0.1;

// BM25's parameters, for passages of about 200 words.
constexpr double kSaturation = 0.9;
constexpr double kLengthShare = 0.4;
constexpr double kUsualLength = 200;

std::u32string letters_of(std::string_view word) {
  std::u32string letters;
  for (std::size_t at = 0; at < word.size();) {
    const auto [c, length] = text::decode_utf8(word.substr(at));
    letters.push_back(c);
    at += length;
  }
  return letters;
}

double inverse_frequency(std::uint64_t passages, std::uint64_t with_term) {
  const double df = static_cast<double>(std::max<std::uint64_t>(with_term, 1));
  const double n = std::max(static_cast<double>(passages), df);
  return std::log(1 + (n - df + 0.5) / (df + 0.5));
}

double saturated(double count, std::size_t words) {
  const double length = static_cast<double>(words) / kUsualLength;
  return count / (count + kSaturation * (1 - kLengthShare + kLengthShare * length));
}

// How many letters may be wrong.
std::size_t tolerance(std::u32string_view word) {
  return word.size() >= kLongWord ? 2 : 1;
}

// Arabic, Hebrew and Indonesian stemmers take beginnings off.
bool may_change_initial(const Token& token, LanguageSet latin) {
  return token.script == Script::Arabic || token.script == Script::Hebrew ||
         (token.script == Script::Latin && latin.has(Language::Indonesian));
}

}  // namespace

Ranker::Ranker(Analyser& analyser, const Query& query, const Frequencies& frequencies,
               SimilarityScale scale)
    : analyser_(analyser), query_(query), scale_(scale) {
  for (std::size_t i = 0; i < query.terms.size(); ++i) {
    const Term& term = query.terms[i];
    const std::uint64_t found = i < frequencies.of_term.size() ? frequencies.of_term[i] : 0;
    double weight = term.is_common ? kCommonWeight : inverse_frequency(frequencies.passages, found);
    if (term.is_joined && found == 0) weight = 0;  // its words are looked for by themselves
    weights_.push_back(weight);
    total_weight_ += weight;
    words_.emplace(term.word, i);
    for (const std::string& stem : term.variants) {
      stems_.emplace(stem, i);
      const std::size_t letters = stem.find('_') + 1;
      if (letters < stem.size())
        initials_.push_back(text::decode_utf8(std::string_view(stem).substr(letters)).value);
    }
    if (found == 0 && term.may_be_misspelt) misspelt_.emplace_back(i, letters_of(term.word));
  }
  std::sort(initials_.begin(), initials_.end());
}

double Ranker::score(const Passage& passage) {
  double similarity = 0;
  if (passage.similarity) {
    similarity = (*passage.similarity - scale_.unrelated) / (scale_.same - scale_.unrelated);
    similarity = std::clamp(similarity, 0.0, 1.0);
  }
  if (title_ != passage.title) {
    title_ = passage.title;
    found_in_title_ = find(title_);
  }
  return kWordsShare * words_score(found_in_title_, find(passage.text)) +
         (1 - kWordsShare) * similarity;
}

std::vector<Match> Ranker::matches(std::string_view text) {
  std::vector<Match> matches = find(text).matches;
  std::erase_if(matches, [&](const Match& match) { return query_.terms[match.term].is_common; });
  return matches;
}

Ranker::Found Ranker::find(std::string_view text) {
  Found found;
  if (query_.terms.empty()) return found;
  const Tokens tokens = tokenise(text);
  const LanguageSet latin = tokens.guess.languages();
  found.words = tokens.words.size() + tokens.emoji.size();
  for (std::size_t i = 0; i < tokens.words.size(); ++i)
    match_token(tokens.words[i], 1, i, latin, found);
  for (const Joined& joined : tokens.joined)
    match_token(joined.word, joined.cuts_words ? kPartQuality : 1, joined.first, latin, found);
  std::size_t after = 0;  // the words before an emoji
  for (const Token& picture : tokens.emoji) {
    while (after < tokens.words.size() && tokens.words[after].begin < picture.begin)
      ++after;
    match_token(picture, 1, after, latin, found);
  }
  // One character is a term of its own only if it is all that was asked for.
  for (const std::string& piece : tokens.pieces) {
    const auto term = words_.find(piece);
    if (term == words_.end()) continue;
    const auto token =
        std::find_if(tokens.words.begin(), tokens.words.end(),
                     [&](const Token& word) { return word.text.find(piece) != std::string::npos; });
    if (token == tokens.words.end()) continue;
    const auto position = static_cast<std::size_t>(token - tokens.words.begin());
    found.matches.push_back({term->second, 1, position, token->begin, token->end, false});
  }
  add_implied(found);
  std::stable_sort(found.matches.begin(), found.matches.end(),
                   [](const Match& a, const Match& b) { return a.begin < b.begin; });
  return found;
}

void Ranker::match_token(const Token& token, double quality, std::size_t position,
                         LanguageSet latin, Found& found) {
  const auto exact = words_.find(token.text);
  if (exact != words_.end()) {
    found.matches.push_back({exact->second, quality, position, token.begin, token.end, false});
    return;
  }
  bool matched = false;
  if (!token.to_stem.empty() && !stems_.empty() &&
      (may_change_initial(token, latin) ||
       std::binary_search(initials_.begin(), initials_.end(),
                          text::decode_utf8(token.text).value))) {
    std::vector<std::size_t> seen;
    analyser_.each_stem(token, latin, [&](const std::string& stem) {
      const auto [first, last] = stems_.equal_range(stem);
      for (auto term = first; term != last; ++term) {
        if (std::find(seen.begin(), seen.end(), term->second) != seen.end()) continue;
        seen.push_back(term->second);
        found.matches.push_back(
            {term->second, kStemQuality, position, token.begin, token.end, false});
        matched = true;
      }
    });
  }
  if (!matched && !misspelt_.empty()) match_misspelt(token, position, found);
}

// Who has "gtx1080" has "gtx" and "1080", as no less than that.
void Ranker::add_implied(Found& found) const {
  std::vector<Match> wholes;
  std::copy_if(found.matches.begin(), found.matches.end(), std::back_inserter(wholes),
               [&](const Match& match) { return !query_.terms[match.term].parts.empty(); });
  const auto earlier = [](const Match& a, const Match& b) { return a.begin < b.begin; };
  std::sort(wholes.begin(), wholes.end(), [](const Match& a, const Match& b) {
    return std::pair(a.begin, a.quality) < std::pair(b.begin, b.quality);
  });
  std::erase_if(found.matches, [&](const Match& match) {
    const auto after = std::upper_bound(wholes.begin(), wholes.end(), match, earlier);
    if (after == wholes.begin()) return false;
    const Match& whole = *std::prev(after);
    const auto& parts = query_.terms[whole.term].parts;
    return match.quality < whole.quality && match.end <= whole.end &&
           std::find(parts.begin(), parts.end(), match.term) != parts.end();
  });
  const std::size_t direct = found.matches.size();
  for (std::size_t i = 0; i < direct; ++i) {
    const Match whole = found.matches[i];
    for (const std::size_t part : query_.terms[whole.term].parts) {
      const bool known = std::any_of(
          found.matches.begin() + static_cast<std::ptrdiff_t>(direct), found.matches.end(),
          [&](const Match& other) { return other.term == part && other.begin == whole.begin; });
      if (known) continue;
      found.matches.push_back({part, whole.quality, whole.position, whole.begin, whole.end, true});
    }
  }
}

bool Ranker::match_misspelt(const Token& token, std::size_t position, Found& found) const {
  if (token.to_stem.empty()) return false;
  const std::u32string letters = letters_of(token.text);
  for (const auto& [term, wanted] : misspelt_) {
    const std::size_t limit = tolerance(wanted);
    const std::size_t wrong = edit_distance(wanted, letters, limit);
    if (wrong > limit) continue;
    found.matches.push_back(
        {term, wrong <= 1 ? kOneWrong : kTwoWrong, position, token.begin, token.end, false});
    return true;
  }
  return false;
}

double Ranker::words_score(const Found& title, const Found& text) const {
  if (total_weight_ <= 0) return 0;
  const std::size_t terms = query_.terms.size();
  std::vector<double> in_title(terms);
  std::vector<double> in_text(terms);
  std::vector<double> implied_in_text(terms);
  std::vector<double> quality(terms);
  std::size_t title_words = 0;
  std::size_t last = static_cast<std::size_t>(-1);
  for (const Match& match : title.matches) {
    in_title[match.term] = std::max(in_title[match.term], match.quality);
    if (match.position != last) ++title_words;
    last = match.position;
  }
  for (const Match& match : text.matches) {
    (match.implied ? implied_in_text : in_text)[match.term] += 1;
    quality[match.term] = std::max(quality[match.term], match.quality);
  }
  const double coverage =
      title.words == 0 ? 0 : static_cast<double>(title_words) / static_cast<double>(title.words);
  double sum = 0;
  for (std::size_t i = 0; i < terms; ++i) {
    in_text[i] = std::max(in_text[i], implied_in_text[i]);
    const double by_title = in_title[i] * (0.7 + 0.28 * coverage);
    const double by_text =
        in_text[i] > 0 ? quality[i] * (0.45 + 0.3 * saturated(in_text[i], text.words)) : 0;
    sum += weights_[i] * (1 - (1 - by_title) * (1 - by_text));
  }
  const double coverage_of_query = sum / total_weight_;
  if (query_.neighbours.empty()) return coverage_of_query;
  return (1 - kTogetherShare) * coverage_of_query + kTogetherShare * together(title, text);
}

// The share of the query's neighbours that are neighbours here.
double Ranker::together(const Found& title, const Found& text) const {
  double all = 0;
  double here = 0;
  const auto follow = [](const Found& found, std::size_t a, std::size_t b) {
    for (const Match& first : found.matches) {
      if (first.term != a) continue;
      for (const Match& second : found.matches) {
        if (second.term != b) continue;
        const bool in_one = first.implied && second.implied && first.begin == second.begin;
        if (in_one || second.position == first.position + 1) return true;
      }
    }
    return false;
  };
  for (const auto& [a, b] : query_.neighbours) {
    const double weight = std::min(weights_[a], weights_[b]);
    all += weight;
    if (follow(title, a, b) || follow(text, a, b)) here += weight;
  }
  return all > 0 ? here / all : 0;
}

Corrections::Corrections(std::string_view misspelt)
    : wanted_(letters_of(misspelt)), beginning_(text::utf8_prefix(misspelt, 2)) {}

void Corrections::offer(std::string_view word) {
  if (!word.starts_with(beginning_)) return;
  const std::size_t limit = tolerance(wanted_);
  const std::size_t wrong = edit_distance(wanted_, letters_of(word), limit);
  if (wrong <= limit) found_.emplace_back(wrong, word);
}

std::vector<std::string> Corrections::take() {
  constexpr std::size_t kMost = 8;
  std::sort(found_.begin(), found_.end());
  if (found_.size() > kMost) found_.resize(kMost);
  std::vector<std::string> words;
  for (auto& [wrong, word] : found_)
    words.push_back(std::move(word));
  return words;
}

std::size_t edit_distance(std::u32string_view a, std::u32string_view b, std::size_t limit) {
  const std::size_t longer = std::max(a.size(), b.size());
  if (longer - std::min(a.size(), b.size()) > limit) return limit + 1;
  std::vector<std::size_t> before_last(b.size() + 1);
  std::vector<std::size_t> last(b.size() + 1);
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    std::size_t least = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      least = std::min(least, row[j]);
    }
    if (least > limit) return limit + 1;
    before_last.swap(last);
    last.swap(row);
  }
  return std::min(last[b.size()], limit + 1);
}

}  // namespace holdfast::search
