// SPDX-License-Identifier: Apache-2.0
#pragma once

// The one rule by which every engine's candidates are ordered.
//
// score = 0.7 words + 0.3 similarity, each from 0 to 1.
//
// words: how much of the query the passage has, its rare words weighing more (inverse document
// frequency; Robertson and Spärck Jones, 1976). A word counts more if it occurs often in a short
// passage (BM25's saturation; Robertson and Zaragoza, "The Probabilistic Relevance Framework",
// 2009), more in a title, most in a title that says little else; less if only its stem agrees; and
// words that follow each other as in the query count extra. A word that the whole collection does
// not have is taken for misspelt and looked for with one letter wrong, or two in a long word.
//
// similarity: the cosine of the vectors, from what the provider calls unrelated to what it calls
// the same. So exact words decide, and what they leave open the vectors do.
//
// Threads: one at a time.

#include "common/search/analyser.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace holdfast::search {

// Cosines between which a provider's vectors tell texts apart.
struct SimilarityScale {
  double unrelated = 0;
  double same = 1;
};

// How often the terms of a query occur in the collection.
struct Frequencies {
  std::uint64_t passages = 0;          // all of them
  std::vector<std::uint64_t> of_term;  // those that have the term in any spelling
};

struct Passage {
  std::string_view title;
  std::string_view text;
  std::optional<double> similarity;
};

// A word of a text that a term matches.
struct Match {
  std::size_t term = 0;
  double quality = 0;        // 1: letter by letter
  std::size_t position = 0;  // counted in words
  std::size_t begin = 0;     // in bytes
  std::size_t end = 0;
  bool implied = false;  // by another term, of which this one is a part
};

class Ranker {
 public:
  // All outlive this.
  Ranker(Analyser& analyser, const Query& query, const Frequencies& frequencies,
         SimilarityScale scale);

  // 0: nothing speaks for it.
  double score(const Passage& passage);

  // Where the query's words are, in the order of the text; without the common ones.
  std::vector<Match> matches(std::string_view text);
  double weight(std::size_t term) const { return weights_[term]; }

 private:
  struct Found {
    std::size_t words = 0;  // of the text
    std::vector<Match> matches;
  };
  Found find(std::string_view text);
  void match_token(const Token& token, double quality, std::size_t position, LanguageSet latin,
                   Found& found);
  void add_implied(Found& found) const;
  bool match_misspelt(const Token& token, std::size_t position, Found& found) const;
  double words_score(const Found& title, const Found& text) const;
  double together(const Found& title, const Found& text) const;

  Analyser& analyser_;
  const Query& query_;
  const SimilarityScale scale_;
  std::vector<double> weights_;
  double total_weight_ = 0;
  std::unordered_map<std::string_view, std::size_t> words_;  // word -> its term
  std::unordered_multimap<std::string_view, std::size_t> stems_;
  std::vector<char32_t> initials_;                                // of the stems
  std::vector<std::pair<std::size_t, std::u32string>> misspelt_;  // term, its letters
  std::string title_;  // that found_in_title_ belongs to: the passages of a document share it
  Found found_in_title_;
};

// The words that a misspelt one may stand for, the likeliest first, at most 8.
class Corrections {
 public:
  explicit Corrections(std::string_view misspelt);
  // The beginning that they have in common: nobody mistypes the first two letters.
  const std::string& beginning() const { return beginning_; }
  void offer(std::string_view word);
  std::vector<std::string> take();

 private:
  std::u32string wanted_;
  std::string beginning_;
  std::vector<std::pair<std::size_t, std::string>> found_;  // letters wrong, the word
};

// One letter wrong, missing, too much, or two swapped: 1. `limit`: the most that is of interest;
// beyond it the answer is limit + 1.
std::size_t edit_distance(std::u32string_view a, std::u32string_view b, std::size_t limit);

}  // namespace holdfast::search
