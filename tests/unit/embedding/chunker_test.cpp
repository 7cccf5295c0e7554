// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/chunker.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace holdfast::embedding;

namespace {

std::vector<std::string> chunks_of(const std::string& text, const ChunkOptions& options) {
  std::vector<std::string> chunks;
  for (const Span& span : chunk_text(text, options)) {
    chunks.push_back(text.substr(span.begin, span.end - span.begin));
  }
  return chunks;
}

std::string repeat(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i)
    text += part;
  return text;
}

}  // namespace

TEST_CASE("an empty text has no chunks") {
  CHECK(chunk_text("", {}).empty());
}

TEST_CASE("a text of exactly the target size is one chunk, a byte more is two") {
  CHECK(chunk_text(std::string(64, 'x'), {64, 0}) == std::vector<Span>{{0, 64}});
  CHECK(chunk_text(std::string(65, 'x'), {64, 0}) == std::vector<Span>{{0, 64}, {64, 65}});
}

TEST_CASE("a paragraph's end is preferred to a later sentence's end") {
  const auto chunks =
      chunks_of("One sentence is here.\n\nTwo is. Three is. Four is the last of them.", {40, 0});
  CHECK(chunks[0] == "One sentence is here.\n\n");
}

TEST_CASE("a sentence's end is preferred to a later word's end") {
  const auto chunks = chunks_of("The first one ends here. The second goes on and on.", {40, 0});
  CHECK(chunks[0] == "The first one ends here. ");
}

TEST_CASE("sentence ends are found behind quotes, brackets and foreign marks") {
  for (const std::string end : {".", "!", "?", "…", ".\"", "?)", ".”", "!»", "؟", "।"}) {
    CAPTURE(end);
    const std::string first = "Here is the very first one" + end + " ";
    CHECK(chunks_of(first + "and here goes the second one", {48, 0})[0] == first);
  }
}

TEST_CASE("a full stop inside a number or a name ends no sentence") {
  CHECK(chunks_of("the value is about 3.14159265358979 or so", {36, 0})[0] ==
        "the value is about 3.14159265358979 ");
}

TEST_CASE("Chinese and Japanese sentences end without a space") {
  const std::string first = "今日はとても良い天気です。";
  CHECK(chunks_of(first + "散歩に行きましょうか、それとも", {60, 0})[0] == first);
}

TEST_CASE("a line's end is preferred to a later word's end") {
  CHECK(chunks_of("a list of the things\nthat were bought yesterday", {36, 0})[0] ==
        "a list of the things\n");
}

TEST_CASE("words are kept whole where there is nothing better") {
  CHECK(chunks_of("alpha beta gamma delta epsilon zeta", {20, 0}) ==
        std::vector<std::string>{"alpha beta gamma ", "delta epsilon zeta"});
}

TEST_CASE("text without spaces is cut between code points") {
  const auto chunks = chunks_of(repeat("€", 100), {20, 0});
  for (const std::string& chunk : chunks)
    CHECK(chunk.size() % 3 == 0);
  CHECK(chunks[0].size() == 18);
}

TEST_CASE("a letter keeps its accents at the cut") {
  for (const std::string& chunk : chunks_of(repeat("e\u0301", 60), {20, 4})) {
    CHECK(chunk.size() % 3 == 0);
    CHECK(chunk[0] == 'e');
  }
}

TEST_CASE("more accents than a chunk can hold are cut at a code point") {
  const std::string text = "e" + repeat("\u0301", 200);
  const auto spans = chunk_text(text, {32, 8});
  CHECK(spans.back().end == text.size());
  for (const Span& span : spans)
    CHECK((span.begin == 0 || span.begin % 2 == 1));
}

TEST_CASE("the sentence on the seam is repeated whole in the next chunk") {
  const std::string text =
      "The opening sentence fills the first chunk up. Seam sentence. "
      "Then the text goes on for a while longer.";
  const auto chunks = chunks_of(text, {64, 28});
  REQUIRE(chunks.size() == 2);
  CHECK(chunks[0].ends_with("Seam sentence. "));
  CHECK(chunks[1].starts_with("Seam sentence. "));
}

TEST_CASE("an overlap without a sentence begins at a word") {
  const auto spans = chunk_text("alpha beta gamma delta epsilon zeta eta theta", {24, 8});
  const std::string text = "alpha beta gamma delta epsilon zeta eta theta";
  for (std::size_t i = 1; i < spans.size(); ++i) {
    CHECK(spans[i].begin < spans[i - 1].end);
    CHECK(text[spans[i].begin - 1] == ' ');
  }
}

TEST_CASE("an overlap as large as the chunk still makes progress") {
  const auto spans = chunk_text(std::string(1000, 'x'), {100, 100});
  CHECK(spans.size() <= 1000 / 25);
  CHECK(spans.back().end == 1000);
}

TEST_CASE("a size too small for a character is raised") {
  const auto spans = chunk_text(repeat("😀", 20), {1, 0});
  CHECK(spans.front() == Span{0, 16});
  CHECK(spans.back().end == 80);
}

TEST_CASE("ten megabytes of blanks take linear time") {
  const std::string text(10u << 20, ' ');
  CHECK(chunk_text(text, {1200, 200}).back().end == text.size());
}

TEST_CASE("the options come from the configuration") {
  holdfast::config::Embedding config;
  config.chunk_bytes = 700;
  config.chunk_overlap = 70;
  CHECK(chunk_options(config).size == 700);
  CHECK(chunk_options(config).overlap == 70);
}
