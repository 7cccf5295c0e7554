// SPDX-License-Identifier: Apache-2.0
// Names of letters and digits are found in whatever words they are written.

#include "common/search/codes.hpp"

#include "common/search/analyser.hpp"
#include "common/search/ranking.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <set>
#include <sstream>

using namespace holdfast::search;

namespace {

using Words = std::vector<std::string>;

std::set<std::string> index_of(Analyser& analyser, std::string_view text) {
  std::set<std::string> terms;
  std::istringstream in(analyser.index_terms(text));
  for (std::string term; in >> term;)
    terms.insert(term);
  return terms;
}

// Whether a text that is indexed so is found, and how well.
double score(Analyser& analyser, const Query& query, const std::set<std::string>& index,
             const std::string& text) {
  Frequencies frequencies{50, {}};
  for (const Term& term : query.terms)
    frequencies.of_term.push_back(index.contains(term.word) ? 1 : 0);
  return Ranker(analyser, query, frequencies, {0, 1}).score({"", text, {}});
}

// Every way to write the parts: as one, with a blank or with a hyphen, at each meeting.
Words ways_to_write(const Words& parts) {
  Words all{parts.front()};
  for (std::size_t i = 1; i < parts.size(); ++i) {
    Words longer;
    for (const std::string& begin : all) {
      for (const char* between : {"", " ", "-"})
        longer.push_back(begin + between + parts[i]);
    }
    all = std::move(longer);
  }
  return all;
}

bool has_phrase(const Phrase& phrase, const Words& words) {
  return std::any_of(phrase.begin(), phrase.end(), [&](const Words& spelling) {
    return std::search(words.begin(), words.end(), spelling.begin(), spelling.end()) != words.end();
  });
}

}  // namespace

TEST_CASE("each way to write a name of letters and digits finds each other one") {
  Analyser analyser;
  for (const Words& parts : std::vector<Words>{{"RFC", "9110"},
                                               {"10", "kg"},
                                               {"AB", "12", "CD"},
                                               {"1080", "p", "60"},
                                               {"GTX", "1080", "Ti"},
                                               {"Q", "3", "FY", "24"},
                                               {"7", "B", "52", "H"},
                                               {"\u0413\u041e\u0421\u0422", "42"}}) {
    const Words ways = ways_to_write(parts);
    std::vector<Query> queries;
    std::vector<Phrase> phrases;
    for (const std::string& way : ways) {
      queries.push_back(analyser.parse_query(way));
      phrases.push_back(analyser.parse_query('"' + way + '"').phrases.front());
    }
    for (const std::string& way : ways) {
      const std::string text = "Card " + way + " failed";
      const auto index = index_of(analyser, text);
      Words words;
      for (const Token& token : tokenise(text).words)
        words.push_back(token.text);
      std::size_t missed = 0;
      std::size_t missed_phrases = 0;
      for (std::size_t i = 0; i < ways.size(); ++i) {
        // As good as if nothing of it were missing.
        if (score(analyser, queries[i], index, text) < 0.7 * 0.45) ++missed;
        if (!has_phrase(phrases[i], words)) ++missed_phrases;
      }
      CAPTURE(way);
      CHECK(missed == 0);
      CHECK(missed_phrases == 0);
    }
  }
}

TEST_CASE("a part of a longer name is found, and other joints are") {
  Analyser analyser;
  const std::vector<std::pair<const char*, const char*>> found{
      {"gtx1080", "Card GTX 1080Ti is out"},  {"A320", "Aircraft A320neo lands"},
      {"A320 neo", "Aircraft A320neo lands"}, {"iso88591", "in ISO 8859-1 letters"},
      {"ISO 8859-1", "in iso88591 letters"},  {"MAB1234", "IMEI/Kfz M-AB 1234"},
      {"M-AB 1234", "Kfz MAB1234"},           {"EF34GH", "Part EF 34 GH failed"},
      {"q3 fy24", "Q3FY24 report"},           {"1080 p60", "1080p60 video"},
      {"rfc9110", "see RFC\n   9110"},        {"rfc9110", "see RFC\u00A09110"},
      {"C6H12O6", "sugar is C6 H12 O6, and"}, {"C6 H12 O6", "sugar is C6H12O6"},
      {"12AB34", "Part 12 AB 34 failed"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(score(analyser, analyser.parse_query(query), index_of(analyser, text), text) >
          0.7 * 0.45);
  }
  const Query part = analyser.parse_query("gtx1080");
  const std::set<std::string> both{"gtx1080"};
  CHECK(score(analyser, part, both, "Card GTX 1080") >
        score(analyser, part, both, "Card GTX 1080Ti"));
  for (const auto& [query, text] :
       std::vector<std::pair<const char*, const char*>>{{"rfc9110", "RFC, and 9110"},
                                                        {"rfc9110", "9110 RFC"},
                                                        {"rfc9110", "RFC\n\n9110"},
                                                        {"c12", "c++ 12"},
                                                        {"x24", "x\u00B2 = 4"}}) {
    INFO(query << " in " << text);
    CHECK(score(analyser, analyser.parse_query(query), index_of(analyser, text), text) == 0);
  }
}

TEST_CASE("a name of very many parts is one word") {
  Analyser analyser;
  const std::string hash = "9f86d081884c7d659a2feaa0c55ad015";
  CHECK(index_of(analyser, hash).size() <= 30);
  CHECK(codes_in(hash, tokenise(hash).words).empty());
  // However many there are, what is made of them stays in proportion.
  std::string text;
  for (int i = 0; i < 200; ++i)
    text += "a " + std::to_string(i) + " ";
  CHECK(tokenise(text).joined.size() <= 400 * 7);
}

TEST_CASE("words that are found as one are found, though nobody has them by themselves") {
  Analyser analyser;
  const Query query = analyser.parse_query("AB-12-CD");
  const std::string text = "Part AB12CD failed";
  std::set<std::string> index = index_of(analyser, text);
  index.insert("12");
  const double whole = score(analyser, query, index, text);
  CHECK(whole > 2 * score(analyser, query, index, "Part 12 failed, 12 of them"));
  CHECK(whole > 0.7 * 0.45);
  // Each counts once, however many names it is a part of.
  const auto matches =
      Ranker(analyser, query, {50, std::vector<std::uint64_t>(query.terms.size(), 1)}, {0, 1})
          .matches(text);
  const auto of_first = std::count_if(matches.begin(), matches.end(),
                                      [](const Match& match) { return match.term == 0; });
  CHECK(of_first == 1);
}
