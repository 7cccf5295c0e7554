// SPDX-License-Identifier: Apache-2.0
// The rule by which hits are ordered.

#include "common/search/ranking.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::search;

namespace {

// Scores passages of a collection of 1000, in which the terms of the query occur so often.
std::vector<double> scores(const std::string& text, std::vector<std::uint64_t> of_term,
                           const std::vector<Passage>& passages, SimilarityScale scale = {0, 1}) {
  Analyser analyser;
  const Query query = analyser.parse_query(text);
  Frequencies frequencies{1000, std::move(of_term)};
  REQUIRE(frequencies.of_term.size() == query.terms.size());
  Ranker ranker(analyser, query, frequencies, scale);
  std::vector<double> all;
  for (const Passage& passage : passages) {
    all.push_back(ranker.score(passage));
    REQUIRE(all.back() >= 0);
    REQUIRE(all.back() <= 1);
  }
  return all;
}

}  // namespace

TEST_CASE("a rare word outweighs many common ones, and any similarity") {
  const auto s = scores("error code zebra", {900, 900, 1},
                        {{"", "A zebra.", 0.0}, {"", "error code error code", 1.0}});
  CHECK(s[0] > s[1]);
}

TEST_CASE("titles weigh, most where they say little else") {
  const auto s = scores("parking", {10},
                        {{"Parking", "Cars.", {}},
                         {"Parking rules of the northern district in winter", "Cars.", {}},
                         {"Lunch menu", "Parking, parking, and parking.", {}},
                         {"Lunch menu", "Soup.", {}}});
  CHECK(s[0] > s[1]);
  CHECK(s[0] > s[2]);
  CHECK(s[2] > s[3]);
  CHECK(s[3] == 0);
}

TEST_CASE("a title that is the query outweighs a text that repeats it, even if that is nearer") {
  const auto s = scores("parking", {10},
                        {{"Parking", "Cars stand behind the hall, on the left side.", 0.35},
                         {"Lunch menu", "Parking, parking, and soup. Parking is behind.", 0.6}},
                        {0.15, 0.75});
  CHECK(s[0] > s[1]);
}

TEST_CASE("exact words before stems, stems before misspellings, these before nothing") {
  const auto s = scores("halyards", {5},
                        {{"", "The halyards are wet.", {}},
                         {"", "The halyard is wet.", {}},
                         {"", "The hull is wet.", {}}});
  CHECK(s[0] > s[1]);
  CHECK(s[1] > s[2]);
  const auto wrong =
      scores("haylards", {0}, {{"", "The halyards are wet.", {}}, {"", "The hull is wet.", {}}});
  CHECK(wrong[0] > 0);
  CHECK(wrong[1] == 0);
  // A word that the collection has is not misspelt.
  const auto known = scores("haylards", {1}, {{"", "The halyards are wet.", {}}});
  CHECK(known[0] == 0);
}

TEST_CASE("words side by side count more than far apart, often more than once") {
  const auto s = scores("main sail", {50, 50},
                        {{"", "the main sail of it", {}}, {"", "the main thing is the sail", {}}});
  CHECK(s[0] > s[1]);
  const auto often = scores("sail", {50}, {{"", "sail sail sail", {}}, {"", "sail and mast", {}}});
  CHECK(often[0] > often[1]);
}

TEST_CASE("similarity decides what words leave open, from unrelated to the same") {
  const SimilarityScale scale{0.2, 0.8};
  const auto s = scores(
      "mast", {50},
      {{"", "x", 0.8}, {"", "x", 0.5}, {"", "x", 0.2}, {"", "x", -1.0}, {"", "x", {}}}, scale);
  CHECK(s[0] == Approx(0.3));
  CHECK(s[1] == Approx(0.15));
  CHECK(s[2] == 0);
  CHECK(s[3] == 0);
  CHECK(s[4] == 0);
}

TEST_CASE("corrections are the nearest words with the same beginning") {
  Corrections corrections("haylards");
  CHECK(corrections.beginning() == "ha");
  for (const char* word : {"halyard", "halyards", "hall", "maynards"})
    corrections.offer(word);
  CHECK(corrections.take() == std::vector<std::string>{"halyards", "halyard"});
}

TEST_CASE("one letter wrong is one edit, swapped neighbours too") {
  CHECK(edit_distance(U"halyard", U"halyard", 2) == 0);
  CHECK(edit_distance(U"halyard", U"haylard", 2) == 1);
  CHECK(edit_distance(U"halyard", U"halyrd", 2) == 1);
  CHECK(edit_distance(U"halyard", U"halxyard", 2) == 1);
  CHECK(edit_distance(U"halyard", U"hxlyxrd", 2) == 2);
  CHECK(edit_distance(U"halyard", U"mast", 2) == 3);
  CHECK(edit_distance(U"", U"abc", 5) == 3);
}
