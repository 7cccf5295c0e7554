// SPDX-License-Identifier: Apache-2.0
// The pure parts of search: the best of many, labels of metadata.

#include "common/store/candidate.hpp"
#include "common/store/dot.hpp"
#include "common/store/labels.hpp"
#include "common/store/page_cursor.hpp"
#include "tests/support/catch.hpp"

#include <random>

using namespace holdfast;
using namespace holdfast::store;
using holdfast::store::dot;

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

TEST_CASE("labels are the scalars of the metadata, by their paths") {
  const std::vector<Label> expected{{"author.name", "Ada"}, {"draft", "true"}, {"lang", "en"},
                                    {"none", "null"},       {"tags", "a"},     {"tags", "b"},
                                    {"year", "1843"}};
  REQUIRE(labels_of(R"({"lang":"en","tags":["b","a","a"],"author":{"name":"Ada"},"year":1843,)"
                    R"("draft":true,"none":null})") == expected);
  REQUIRE(labels_of("{}").empty());
  REQUIRE(labels_of("no JSON").empty());
  const std::string long_value(kLongestLabel + 1, 'x');
  REQUIRE(labels_of("{\"a\":\"" + long_value + "\",\"b\":1}") == std::vector<Label>{{"b", "1"}});
}
