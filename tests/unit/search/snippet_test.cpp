// SPDX-License-Identifier: Apache-2.0
// The part of a text that shows why it was found.

#include "common/search/snippet.hpp"

#include "common/text/utf8.hpp"
#include "tests/support/catch.hpp"

#include <random>

using namespace holdfast;
using namespace holdfast::search;

namespace {

std::string cut(const std::string& query, const std::string& text, std::size_t bytes = 60) {
  Analyser analyser;
  const Query parsed = analyser.parse_query(query);
  Ranker ranker(analyser, parsed, {10, std::vector<std::uint64_t>(parsed.terms.size(), 1)}, {});
  return snippet(text, ranker.matches(text), ranker, bytes);
}

}  // namespace

TEST_CASE("words are marked, everything else is escaped") {
  CHECK(cut("sea", "The sea & <the> \"moon\".") ==
        "The <mark>sea</mark> &amp; &lt;the&gt; &quot;moon&quot;.");
  CHECK(cut("sea moon", "sea\n\n  moon") == "<mark>sea</mark> <mark>moon</mark>");
  CHECK(cut("搜索引擎", "这里有搜索引擎。") == "这里有<mark>搜索引擎</mark>。");
  CHECK(cut("nothing", "The sea.") == "The sea.");
  CHECK(cut("x", "").empty());
}

TEST_CASE("it is about where most of the query is, and cuts no word") {
  std::string text;
  for (int i = 0; i < 30; ++i)
    text += "filler sail filler ";
  text += "the main sail of the ship ";
  for (int i = 0; i < 30; ++i)
    text += "filler ";
  const std::string shown = cut("main sail", text);
  CHECK(shown.find("<mark>main</mark> <mark>sail</mark>") != std::string::npos);
  CHECK(shown.starts_with("…"));
  CHECK(shown.ends_with("…"));
  CHECK(shown.size() < 140);
  CHECK(cut("absent", text).starts_with("filler sail"));
}

TEST_CASE("whatever the text, a snippet of valid UTF-8 is valid UTF-8, and not long") {
  std::mt19937 random(20261129);
  const std::vector<std::string> parts{
      "sea", "s\u00e9a", "\u6c34\u6d77", " ", "\n", "e\u0301", "\U0001F600", "<", "mo", "바다"};
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::size_t i = random() % 60; i > 0; --i)
      text += parts[random() % parts.size()];
    const std::string shown = cut("sea \u6c34\u6d77 바다", text, 40);
    REQUIRE(text::is_utf8(shown));
    REQUIRE(shown.size() < 40 + 6 + 40 * 14);
  }
}
