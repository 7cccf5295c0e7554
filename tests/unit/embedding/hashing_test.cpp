// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/hashing.hpp"

#include "common/embedding/features.hpp"
#include "common/embedding/stem.hpp"
#include "common/embedding/stop_words.hpp"
#include "tests/support/catch.hpp"

#include <array>
#include <cmath>
#include <string>
#include <thread>

using namespace holdfast;
using namespace holdfast::embedding;

namespace {

std::vector<float> embed_one(std::string_view text, std::uint32_t dimensions = 256) {
  HashingProvider provider(dimensions);
  const std::array texts{text};
  return provider.embed(texts, {}).value().at(0);
}

double length_of(const std::vector<float>& v) {
  double squares = 0;
  for (const float x : v)
    squares += static_cast<double>(x) * static_cast<double>(x);
  return std::sqrt(squares);
}

double value_of_word(std::string_view text, std::u32string_view word) {
  FeatureCounter counter;
  counter.count(text);
  double found = 0;
  const std::uint64_t wanted = hash_feature(1, {word.data(), word.size()});
  counter.each([&](std::uint64_t hash, float value) {
    if (hash == wanted) found = static_cast<double>(value);
  });
  return found;
}

}  // namespace

// Stored vectors must agree with the queries of every later release.
TEST_CASE("the hash of a feature never changes") {
  const std::u32string word = U"holdfast";
  CHECK(hash_feature(1, word) == 0x3810b62c28f1176aULL);
  CHECK(hash_feature(2, word) == 0xcf1353b2a813aa3cULL);
  CHECK(hash_feature(1, std::u32string(U"жω漢")) == 0x898706288e32b2a9ULL);
}

TEST_CASE("the vector of a text never changes") {
  const auto vector = embed_one("Holdfast runs an HTTP API.", 8);
  const std::array<double, 8> golden{0.765634,  -0.114008, -0.153380, -0.270230,
                                     -0.445124, 0.000000,  0.004109,  0.325737};
  for (std::size_t i = 0; i < golden.size(); ++i) {
    CAPTURE(i);
    CHECK(static_cast<double>(vector[i]) == Approx(golden[i]).margin(1e-5));
  }
}

TEST_CASE("every vector has unit length") {
  for (const std::string& text :
       {std::string("word"), std::string("The of and"), std::string(100000, 'x'),
        std::string("漢字かな"), std::string("\xFF\xFE broken \x80 bytes"), std::string("...")}) {
    CAPTURE(text.substr(0, 30));
    CHECK(length_of(embed_one(text)) == Approx(1.0).margin(1e-5));
  }
}

TEST_CASE("an empty text gets a unit vector, not a zero one") {
  CHECK(length_of(embed_one("")) == Approx(1.0));
  CHECK(embed_one("") == embed_one(" \n\t "));
}

TEST_CASE("capitals and small letters are the same word") {
  CHECK(embed_one("ÉCOLE Москва ΑΘΗΝΑ Apache") == embed_one("école москва αθηνα apache"));
}

TEST_CASE("punctuation between words is ignored and apostrophes join") {
  CHECK(embed_one("server; client (proxy)") == embed_one("server client proxy"));
  CHECK(embed_one("don’t can't") == embed_one("dont cant"));
}

TEST_CASE("a repeated word weighs more, but less than in proportion") {
  const double once = value_of_word("worker", U"worker");
  const double thrice = value_of_word("worker workers worker", U"worker");
  CHECK(once == Approx(1.0));
  CHECK(thrice == Approx(1.0 + std::log(3.0)).epsilon(1e-5));
}

TEST_CASE("stop words weigh a tenth of a word") {
  CHECK(is_stop_word(std::u32string(U"the")));
  CHECK(is_stop_word(std::u32string(U"your")));
  CHECK_FALSE(is_stop_word(std::u32string(U"licence")));
  CHECK_FALSE(is_stop_word(std::u32string(U"th")));
  CHECK(value_of_word("the licence", U"the") == Approx(0.1));
  CHECK(value_of_word("the licence", U"licenc") == Approx(1.0));
}

TEST_CASE("plurals and past forms are the word they come from") {
  const auto stem = [](std::u32string word) { return word.substr(0, stem_length(word)); };
  CHECK(stem(U"grants") == U"grant");
  CHECK(stem(U"granted") == U"grant");
  CHECK(stem(U"granting") == U"grant");
  CHECK(stem(U"queries") == stem(U"query"));
  CHECK(stem(U"licensed") == stem(U"licenses"));
  CHECK(stem(U"process") == U"process");
  CHECK(stem(U"status") == U"status");
  CHECK(stem(U"red") == U"red");
  CHECK(stem(U"thing") == U"thing");
}

TEST_CASE("each ideograph is a word of its own") {
  CHECK(value_of_word("漢字", U"漢") == Approx(1.0));
  CHECK(value_of_word("漢字", U"字") == Approx(1.0));
}

TEST_CASE("a text with more features than the table's first size is counted whole") {
  std::string text;
  for (int i = 0; i < 20000; ++i)
    text += "w" + std::to_string(i) + " ";
  CHECK(value_of_word(text, U"w0") == Approx(1.0));
  CHECK(value_of_word(text, U"w19999") == Approx(1.0));
}

TEST_CASE("a batch gives what each text gives alone, in order") {
  HashingProvider provider(64);
  const std::array<std::string_view, 3> texts{"first text", "", "third text"};
  const auto vectors = provider.embed(texts, {}).value();
  REQUIRE(vectors.size() == 3);
  for (std::size_t i = 0; i < texts.size(); ++i)
    CHECK(vectors[i] == embed_one(texts[i], 64));
}

TEST_CASE("several threads may embed with one provider") {
  HashingProvider provider(128);
  const std::array<std::string_view, 1> texts{"shared by all threads"};
  std::array<std::vector<float>, 4> results;
  std::vector<std::thread> threads;
  for (auto& result : results) {
    threads.emplace_back([&] {
      for (int i = 0; i < 50; ++i)
        result = provider.embed(texts, {}).value().at(0);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  for (const auto& result : results)
    CHECK(result == results[0]);
}

TEST_CASE("the provider is made from the configuration") {
  config::Embedding config;
  config.dimensions = 96;
  const auto provider = make_provider(config).value();
  CHECK(provider->name() == "hashing");
  CHECK(provider->dimensions() == 96);
}

TEST_CASE("an unknown provider is refused, naming the choices") {
  config::Embedding config;
  config.provider = "magic";
  const auto made = make_provider(config);
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::InvalidArgument);
  CHECK(made.error().message.find("\"magic\"") != std::string::npos);
  CHECK(made.error().message.find("\"hashing\"") != std::string::npos);
}

TEST_CASE("impossible dimensions are refused") {
  for (const std::uint32_t dimensions : {0u, 7u, 16385u}) {
    config::Embedding config;
    config.dimensions = dimensions;
    CAPTURE(dimensions);
    REQUIRE_FALSE(make_provider(config));
    CHECK(make_provider(config).error().kind == ErrorKind::InvalidArgument);
  }
}
