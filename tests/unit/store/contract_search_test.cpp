// SPDX-License-Identifier: Apache-2.0
// Search: exact by vector, safe by text, fused, and current after every change by anybody.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

constexpr std::size_t kDimensions = 37;  // no multiple of a vector register

std::vector<float> random_unit(std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDimensions);
  for (float& x : vector)
    x = normal(random);
  return unit(vector);
}

using Corpus = std::map<std::string, std::vector<std::vector<float>>>;

// What an exact search must answer, computed the plain way.
std::vector<std::string> brute_force(const Corpus& corpus, const std::vector<float>& query,
                                     std::size_t k) {
  std::vector<std::pair<double, std::string>> scores;
  for (const auto& [id, vectors] : corpus) {
    double best = 0;
    for (const auto& vector : vectors) {
      double score = 0;
      for (std::size_t i = 0; i < query.size(); ++i) {
        score += static_cast<double>(vector[i]) * static_cast<double>(query[i]);
      }
      best = std::max(best, score);
    }
    if (best > 0) scores.emplace_back(-best, id);
  }
  std::sort(scores.begin(), scores.end());
  std::vector<std::string> ids;
  for (const auto& [score, id] : scores) {
    if (ids.size() < k) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> ids_of(const Result<std::vector<SearchHit>>& hits) {
  REQUIRE(hits);
  std::vector<std::string> ids;
  for (const SearchHit& hit : *hits)
    ids.push_back(hit.document_id);
  return ids;
}

void add_random(Store& store, Corpus& corpus, const std::string& id, std::mt19937& random) {
  std::vector<Chunk> chunks;
  const std::size_t count = 1 + random() % 3;
  for (std::size_t i = 0; i < count; ++i) {
    corpus[id].push_back(random_unit(random));
    chunks.push_back(chunk(static_cast<std::int64_t>(i), "words", corpus[id].back()));
  }
  store_ready(store, id, std::move(chunks));
}

}  // namespace

TEST_CASE("vector search agrees with brute force, while another process adds and deletes") {
  const auto environment = make_environment();
  const auto writer = environment->open();
  const auto searcher = environment->open();
  OpenOptions no_memory;
  no_memory.vector_cache_bytes = 1;
  const auto frugal = environment->open(no_memory);
  std::mt19937 random(20261123);
  Corpus corpus;
  int next = 0;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 5; ++i) {
      add_random(*writer, corpus, "d" + std::to_string(next++), random);
    }
    if (round % 2 == 1) {
      const auto victim = std::next(corpus.begin(), static_cast<long>(random() % corpus.size()));
      REQUIRE(remove(*writer, victim->first));
      corpus.erase(victim);
    }
    const auto query = random_unit(random);
    const auto expected = brute_force(corpus, query, 7);
    REQUIRE(ids_of(searcher->search("", query, 7)) == expected);
    REQUIRE(ids_of(frugal->search("", query, 7)) == expected);
  }
}

TEST_CASE("what a store keeps in memory is told, and follows the search that fills it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  std::mt19937 random(20261129);
  Corpus corpus;
  for (int i = 0; i < 50; ++i)
    add_random(*store, corpus, "d" + std::to_string(i), random);
  REQUIRE(store->memory_use().vectors == 0);
  REQUIRE(store->search("", random_unit(random), 5));
  const std::uint64_t held = store->memory_use().vectors;
  REQUIRE(held >= 50 * random_unit(random).size() * sizeof(float));
  REQUIRE(remove(*store, "d0"));
  REQUIRE(store->search("", random_unit(random), 5));
  REQUIRE(store->memory_use().vectors < held);
}

TEST_CASE("a hit is the document's best chunk, with its cosine") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(
      *store, "d1",
      {chunk(0, "east", {1, 0}), chunk(1, "north-east", unit({1, 1})), chunk(2, "north", {0, 1})});
  const auto hits = store->search("", unit({1, 2}), 10);
  REQUIRE(hits->size() == 1);
  const SearchHit& hit = hits->front();
  REQUIRE(hit.document_id == "d1");
  REQUIRE(hit.title == "title of d1");
  REQUIRE(hit.chunk == 1);
  REQUIRE(hit.text == "north-east");
  REQUIRE(hit.similarity.value() == Approx(3 / std::sqrt(10.0)));
  REQUIRE(hit.score == Approx(1.0 / 61));
}

TEST_CASE("full text finds words of the text and, stronger, of the title; accents do not matter") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "plain", {chunk(0, "the caf\xc3\xa9 on the corner, a zebra", {1})});
  store_ready(*store, "zebra", {chunk(0, "animals of the plain by the river bank", {1})});
  REQUIRE(ids_of(store->search("CAFE", {}, 5)) == std::vector<std::string>{"plain"});
  const auto hits = store->search("zebra", {}, 5);
  REQUIRE(ids_of(hits) == std::vector<std::string>{"zebra", "plain"});
  REQUIRE_FALSE(hits->front().similarity);
}

TEST_CASE("a document that both rankings know comes before one that only one knows") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "nearest", {chunk(0, "nothing of the kind", {1, 0, 0})});
  store_ready(*store, "both", {chunk(0, "a lighthouse keeper", unit({1, 0.5, 0}))});
  store_ready(*store, "words", {chunk(0, "lighthouse lighthouse lighthouse", {0, 0, 1})});
  const auto hits = store->search("lighthouse", {1, 0, 0}, 3);
  REQUIRE(ids_of(hits)[0] == "both");
  REQUIRE(hits->size() == 3);
  // Second by vector and second by words: 1/62 + 1/62, against 1/61 for each of the others.
  REQUIRE(hits->front().score == Approx(2.0 / 62));
  REQUIRE(hits->at(1).score == Approx(1.0 / 61));
}

TEST_CASE("no more than k documents come back, and none for k = 0") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 5; ++i) {
    store_ready(*store, "d" + std::to_string(i), {chunk(0, "same words", {1})});
  }
  REQUIRE(store->search("words", {1}, 3)->size() == 3);
  REQUIRE(store->search("words", {1}, 0)->empty());
  REQUIRE(store->search("", {}, 3)->empty());
}

TEST_CASE("vectors of another dimension than the query's are passed over") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "two", {chunk(0, "x", {1, 0})});
  store_ready(*store, "three", {chunk(0, "x", {1, 0, 0})});
  store_ready(*store, "none", {chunk(0, "x", {})});
  REQUIRE(ids_of(store->search("", {1, 0}, 5)) == std::vector<std::string>{"two"});
  REQUIRE(ids_of(store->search("", {1, 0, 0}, 5)) == std::vector<std::string>{"three"});
}

TEST_CASE("a deleted document is found by neither vector nor words, in any process") {
  const auto environment = make_environment();
  const auto one = environment->open();
  const auto two = environment->open();
  store_ready(*one, "d1", {chunk(0, "ephemeral", {1})});
  REQUIRE(two->search("ephemeral", {1}, 5)->size() == 1);
  REQUIRE(remove(*one, "d1"));
  REQUIRE(two->search("ephemeral", {1}, 5)->empty());
  REQUIRE(one->search("ephemeral", {1}, 5)->empty());
}

TEST_CASE("nothing that people type is a syntax error") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "d1", {chunk(0, "to be or not to be", {1})});
  const std::vector<std::string> hostile{"\"",
                                         "'",
                                         "\"unbalanced",
                                         "AND",
                                         "OR OR",
                                         "NOT",
                                         "NEAR(",
                                         "be*",
                                         "-be",
                                         "^be",
                                         "title:be",
                                         "{title text}: be",
                                         "be + or",
                                         "((((",
                                         "))))",
                                         ";",
                                         "--",
                                         "\\",
                                         "%",
                                         std::string("a\0b", 3),
                                         std::string("\0", 1),
                                         "\xff\xfe\xfd",
                                         "\xf0\x9f\x98\x80",
                                         "\xc3",
                                         "   ",
                                         "\t\n",
                                         std::string(100'000, 'a'),
                                         std::string(50'000, '"')};
  for (const std::string& text : hostile) {
    INFO(text.substr(0, 40));
    REQUIRE(store->search(text, {}, 5));
  }
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += "word" + std::to_string(i) + " ";
  REQUIRE(store->search(many, {}, 5));
  REQUIRE(ids_of(store->search("\"be\" AND (nothing", {}, 5)) == std::vector<std::string>{"d1"});

  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 24, ' ');
    for (char& c : text)
      c = static_cast<char>(random() % 256);
    REQUIRE(store->search(text, {}, 5));
  }
}
