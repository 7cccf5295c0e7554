// SPDX-License-Identifier: Apache-2.0
// The pure parts of search: words to an expression, the best of many, two rankings into one.

#include "common/store/dot.hpp"
#include "common/store/fusion.hpp"
#include "common/store/page_cursor.hpp"
#include "common/store/sqlite/full_text.hpp"
#include "tests/support/catch.hpp"

#include <random>

using namespace holdfast;
using namespace holdfast::store;
using holdfast::store::dot;
using holdfast::store::sqlite::match_expression;

TEST_CASE("words are quoted and joined by OR, each once") {
  REQUIRE(match_expression("two words") == "\"two\" OR \"words\"");
  REQUIRE(match_expression("a \"b\" a-b") == "\"a\" OR \"b\"");
  REQUIRE(match_expression("NEAR(x, 5)") == "\"NEAR\" OR \"x\" OR \"5\"");
  REQUIRE(match_expression("stra\xc3\x9f"
                           "e") ==
          "\"stra\xc3\x9f"
          "e\"");
  REQUIRE(match_expression("").empty());
  REQUIRE(match_expression(" \"*^:() ").empty());
}

TEST_CASE("a Korean word is searched for by its beginning, without its particle") {
  const std::string sea = "\xEB\xB0\x94\xEB\x8B\xA4";
  for (const char* particle : {"", "가", "를", "에서는"})
    REQUIRE(match_expression(sea + particle) == "\"" + sea + "\"*");
  REQUIRE(match_expression(sea + "가 " + sea + "는") == "\"" + sea + "\"*");
  // One syllable and a particle, or a word that only ends like one.
  REQUIRE(match_expression("물이") == "\"물이\"*");
  REQUIRE(match_expression(sea + "a") == "\"" + sea + "a\"");
}

TEST_CASE("no more than 64 words are searched for") {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += fmt::format("w{} ", i);
  const std::string expression = match_expression(text);
  REQUIRE(expression.find("\"w63\"") != std::string::npos);
  REQUIRE(expression.find("\"w64\"") == std::string::npos);
}

TEST_CASE("the best are kept in order; equals in order of age") {
  Best best(3);
  for (const auto& [document, score] :
       std::vector<std::pair<int, double>>{{5, 0.1}, {4, 0.9}, {3, 0.5}, {2, 0.5}, {1, 0.2}}) {
    best.offer({document, document * 10, score});
  }
  const auto kept = best.take();
  REQUIRE(kept.size() == 3);
  REQUIRE(kept[0].document == 4);
  REQUIRE(kept[1].document == 2);
  REQUIRE(kept[2].document == 3);
  Best none(0);
  none.offer({1, 1, 1});
  REQUIRE(none.take().empty());
}

TEST_CASE("fused scores are sums of 1 / (60 + rank)") {
  const std::vector<Candidate> by_vector{{1, 11, 0.9}, {2, 21, 0.8}};
  const std::vector<Candidate> by_text{{2, 22, 7}, {3, 31, 5}};
  const auto fused = fuse(by_vector, by_text, 10);
  REQUIRE(fused.size() == 3);
  REQUIRE(fused[0].document == 2);
  REQUIRE(fused[0].score == Approx(1.0 / 62 + 1.0 / 61));
  REQUIRE(fused[0].chunk == 22);  // first by words, second by vector
  REQUIRE(fused[0].by_vector);
  REQUIRE_FALSE(fused[0].similarity);  // that of the other chunk
  REQUIRE(fused[1].document == 1);
  REQUIRE(fused[1].similarity == 0.9);
  REQUIRE(fused[2].document == 3);
  REQUIRE_FALSE(fused[2].by_vector);
  REQUIRE(fuse(by_vector, by_text, 1).size() == 1);
  REQUIRE(fuse({}, {}, 5).empty());
}

TEST_CASE("the dot product is the sum of the products, at every length") {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> uniform(-1, 1);
  for (std::size_t size = 0; size < 70; ++size) {
    std::vector<float> a(size);
    std::vector<float> b(size);
    double expected = 0;
    for (std::size_t i = 0; i < size; ++i) {
      a[i] = uniform(random);
      b[i] = uniform(random);
      expected += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    }
    REQUIRE(static_cast<double>(dot(a.data(), b.data(), size)) == Approx(expected).margin(1e-5));
  }
}

TEST_CASE("a cursor reads back as itself") {
  for (const std::int64_t seq : {std::int64_t{1}, std::int64_t{255}, std::int64_t{1} << 62}) {
    REQUIRE(parse_page_cursor(format_page_cursor(seq)) == seq);
  }
}
