// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/characters.hpp"

#include "common/text/utf8.hpp"
#include "tests/support/catch.hpp"

#include <string>

using namespace holdfast;
using namespace holdfast::embedding;
using namespace std::string_view_literals;

TEST_CASE("a letter is not parted from its accents, joiners or line-end pair") {
  CHECK_FALSE(is_character_boundary("e\u0301", 1));
  CHECK_FALSE(is_character_boundary("\r\n", 1));
  CHECK(is_character_boundary("\n\r", 1));
  const std::string family = "👩\u200D💻";
  CHECK_FALSE(is_character_boundary(family, 4));  // before the joiner
  CHECK_FALSE(is_character_boundary(family, 7));  // after it
  CHECK(is_character_boundary("é€", 2));
}

TEST_CASE("capitals of the common alphabets become small") {
  const std::u32string capital = U"AZÀÞŁŹŸĐİΑΩΆΏΣЀЯЖҐẠ";
  const std::u32string small = U"azàþłźÿđiαωάώσѐяжґạ";
  REQUIRE(capital.size() == small.size());
  for (std::size_t i = 0; i < capital.size(); ++i) {
    CAPTURE(i);
    CHECK(to_lower(capital[i]) == small[i]);
    CHECK(to_lower(small[i]) == small[i]);
  }
  CHECK(to_lower(U'ς') == U'σ');
  CHECK(to_lower(U'×') == U'×');
  CHECK(to_lower(U'7') == U'7');
}

TEST_CASE("letters make words and punctuation does not") {
  for (const char32_t c : U"aZ9éßЖωñ漢"sv)
    CHECK(is_word_character(c));
  for (const char32_t c : U" .,-…«»“”—。、×€→"sv)
    CHECK_FALSE(is_word_character(c));
  CHECK_FALSE(is_word_character(text::kReplacement));
}
