// SPDX-License-Identifier: Apache-2.0
// Parts of words that are written as one, numbers in groups, fractions and what stands in a circle.
#include "common/search/word_parts.hpp"

#include "common/search/analyser.hpp"
#include "common/search/ranking.hpp"
#include "tests/support/catch.hpp"

#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace holdfast::search;

namespace {

std::set<std::string> terms_in(Analyser& analyser, const std::string& text) {
  std::set<std::string> terms;
  std::istringstream in(analyser.index_terms(text));
  for (std::string term; in >> term;)
    terms.insert(term);
  return terms;
}

// 0: the text is not found at all, in an index of it and another one.
double score_of(const std::string& typed, const std::string& text, const std::string& other = "") {
  Analyser analyser;
  const Query query = analyser.parse_query(typed);
  std::set<std::string> index = terms_in(analyser, text);
  index.merge(terms_in(analyser, other));
  Frequencies frequencies{50, {}};
  bool is_found = false;
  for (const Term& term : query.terms) {
    frequencies.of_term.push_back(index.contains(term.word) ? 1 : 0);
    is_found = is_found || index.contains(term.word);
  }
  return is_found ? Ranker(analyser, query, frequencies, {0, 1}).score({"", text, {}}) : 0;
}

struct Typed {
  const char* query;
  const char* text;
};

}  // namespace

TEST_CASE("who types a part of a word that is written as one finds it") {
  const std::vector<Typed> found{
      {"user", "the getUserById method"},
      {"userById", "the getUserById method"},
      {"getuser", "the getUserById method"},
      {"server", "an HTTPServerError"},
      {"http server error", "an HTTPServerError"},
      {"json", "parseJSONData"},
      {"python", "with Python3.11"},
      {"km", "a run of 10km"},
      {"GB", "5GB of RAM"},
      {"1080", "in 1080p"},
      {"1.2.3", "released v1.2.3-rc1"},
      {"\"1.2.3\"", "released 1.2.3 today"},
      {"user", "get\u200BUserById"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(score_of(query, text) > 0.3);
  }
  // The whole word is more than a part of one.
  CHECK(score_of("java", "about Java") > score_of("java", "about JavaScript"));
  CHECK(score_of("1.2.3", "released v1.2.3-rc1") > 0.99 * score_of("1.2.3", "call 123-4567"));
  CHECK(score_of("v1.2.3", "released 1.2.3") > 0.3);
  // Nothing can be read in a hash, nor in a letter or two.
  CHECK(parts_of_words("a3f9c2d1e4b5a6f7", tokenise("a3f9c2d1e4b5a6f7").words).empty());
  CHECK(score_of("h", "h2o") == 0);
  CHECK(score_of("8", "utf8") == 0);
}

TEST_CASE("numbers that are written in groups are found as one, and the other way round") {
  const std::vector<std::string> telephones{"+49301234567", "+49 (30) 123-4567", "+49 30 1234567",
                                            "+49.30.123.4567", "+49/30/1234567"};
  for (const std::string& typed : telephones) {
    for (const std::string& written : telephones) {
      INFO(typed << " in " << written);
      CHECK(score_of(typed, "call " + written + " today") > 0.3);
    }
  }
  CHECK(score_of("5551239876", "(555) 123-9876") > 0.3);
  CHECK(score_of("4111111111111111", "4111 1111 1111 1111") > 0.3);
  CHECK(score_of("DE89370400440532013000", "IBAN DE89 3704 0044 0532 0130 00") > 0.3);
  CHECK(score_of("DE89 3704 0044 0532 0130 00", "IBAN DE89370400440532013000") > 0.3);
  // Too little, too much, and something in between.
  CHECK(score_of("1234", "12 34") == 0);
  CHECK(score_of("1234567", "123, 4567") == 0);
  CHECK(score_of("12345671234567123456712", "1234567 1234567 1234567 12") == 0);
}

TEST_CASE("fractions, what stands in a circle and superscripts by themselves are found") {
  for (const char* const sign :
       {"\u00BD", "\u00BE", "\u2153", "\u2461", "\u2777", "\u24EB", "\u24FF", "\u3299", "\u24C2",
        "\u00B2", "\u2075", "\u2163", "\u2474", "\u2488", "\u3231", "\u32C0", "\uFF11"}) {
    INFO(sign);
    CHECK(score_of(sign, std::string("before ") + sign + " after") > 0.3);
  }
  const std::vector<Typed> found{
      {"1/2 cup", "\u00BD cup"}, {"\u00BD cup", "1/2 cup"},
      {"1\u2044 2", "1/2"},      {"1 1/2", "1\u00BD"},
      {"2", "\u2461"},           {"\u2777", "step 2"},
      {"12", "\u246B"},          {"\u79D8", "\u3299"},
      {"step 2", "step\u2461"},  {"\u4E00\u6708", "一月 \u32C0"},
  };
  for (const auto& [query, text] : found) {
    INFO(query << " in " << text);
    CHECK(score_of(query, text) > 0.25);
  }
  // As typed comes first, and nothing runs into the number before it.
  CHECK(score_of("\u2461", "\u2461", "2") > score_of("\u2461", "2", "\u2461"));
  CHECK(score_of("11", "1\u00BD") == 0);
  CHECK(score_of("102", "10\u2461") == 0);
}

TEST_CASE("names joined by an ampersand are one") {
  CHECK(score_of("AT&T", "AT&T") > score_of("AT&T", "at a T"));
  CHECK(score_of("rd", "our R&D budget") > 0.3);
}
