// SPDX-License-Identifier: Apache-2.0
// What chunk_text promises for any bytes, held against random texts of several characters.

#include "common/embedding/chunker.hpp"
#include "common/text/utf8.hpp"
#include "tests/support/catch.hpp"

#include <random>
#include <string>

using namespace holdfast;
using namespace holdfast::embedding;

namespace {

using Random = std::mt19937_64;

std::size_t below(Random& random, std::size_t n) {
  return random() % n;
}

std::string random_text(Random& random, const std::vector<std::string>& alphabet) {
  std::string text;
  const std::size_t parts = below(random, 3000);
  for (std::size_t i = 0; i < parts; ++i)
    text += alphabet[below(random, alphabet.size())];
  return text;
}

const std::vector<std::vector<std::string>>& valid_alphabets() {
  static const std::vector<std::vector<std::string>> kAlphabets{
      {"a", "b", "word", " ", " ", ". ", "\n", "\n\n", "? "},
      {"é", "ж", "漢", "😀", " ", "。", "… ", "\r\n"},
      {"e\u0301", "\u0301", "\u200D", "👩", "\uFE0F", "x"},
      {"x"},
      {" ", "\n", "\t"},
      {"漢", "字"},
  };
  return kAlphabets;
}

void check_promises(const std::string& text, const ChunkOptions& options) {
  const auto spans = chunk_text(text, options);
  const std::size_t size = std::max<std::size_t>(options.size, 16);
  const std::size_t overlap = std::min(options.overlap, size / 2);
  if (text.empty()) {
    REQUIRE(spans.empty());
    return;
  }
  REQUIRE(spans.front().begin == 0);
  REQUIRE(spans.back().end == text.size());
  for (std::size_t i = 0; i < spans.size(); ++i) {
    REQUIRE(spans[i].begin < spans[i].end);
    REQUIRE(spans[i].end - spans[i].begin <= size);
    if (i == 0) continue;
    REQUIRE(spans[i].begin > spans[i - 1].begin);
    REQUIRE(spans[i].end > spans[i - 1].end);
    REQUIRE(spans[i].begin <= spans[i - 1].end);  // no gap
    REQUIRE(spans[i - 1].end - spans[i].begin <= overlap);
  }
  REQUIRE(spans.size() <= 1 + 4 * text.size() / size);  // linear
}

}  // namespace

TEST_CASE("random texts are covered, in order, within size and overlap, whole characters only") {
  Random random(20261123);
  for (int round = 0; round < 600; ++round) {
    const auto& alphabets = valid_alphabets();
    const std::string text = random_text(random, alphabets[below(random, alphabets.size())]);
    const ChunkOptions options{below(random, 400), below(random, 500)};
    CAPTURE(round, options.size, options.overlap);
    check_promises(text, options);
    for (const Span& span : chunk_text(text, options)) {
      REQUIRE(text::is_code_point_boundary(text, span.begin));
      REQUIRE(text::is_code_point_boundary(text, span.end));
    }
  }
}

TEST_CASE("random bytes, valid or not, are covered too") {
  Random random(7);
  for (int round = 0; round < 600; ++round) {
    std::string text(below(random, 4000), '\0');
    const bool mostly_continuation = round % 2 == 0;
    for (char& c : text) {
      c = static_cast<char>(mostly_continuation ? 0x80 + below(random, 0x7F) : below(random, 256));
    }
    const ChunkOptions options{below(random, 300), below(random, 300)};
    CAPTURE(round, options.size, options.overlap);
    check_promises(text, options);
  }
}

TEST_CASE("the same text is always cut the same way") {
  Random random(11);
  const std::string text = random_text(random, valid_alphabets()[0]);
  CHECK(chunk_text(text, {200, 40}) == chunk_text(std::string(text), {200, 40}));
}
