// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/utf8.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace holdfast::embedding;
using namespace std::string_view_literals;

TEST_CASE("valid sequences of each length decode to their code point") {
  CHECK(decode_utf8("a", 0).code_point == U'a');
  CHECK(decode_utf8("é", 0).code_point == 0xE9);
  CHECK(decode_utf8("€", 0).code_point == 0x20AC);
  CHECK(decode_utf8("😀", 0).code_point == 0x1F600);
  CHECK(decode_utf8("😀", 0).length == 4);
}

TEST_CASE("each invalid byte decodes to one replacement character") {
  const std::string bad[] = {
      "\x80",              // continuation without a lead
      "\xC0\xAF",          // overlong
      "\xE0\x80\x80",      // overlong
      "\xED\xA0\x80",      // surrogate
      "\xF4\x90\x80\x80",  // beyond U+10FFFF
      "\xF8\x88\x80\x80",  // five-byte lead
      "\xE2\x82",          // cut short
      "\xE2(\xA1",         // interrupted
  };
  for (const std::string& text : bad) {
    CAPTURE(text);
    CHECK(decode_utf8(text, 0).code_point == kReplacement);
    CHECK(decode_utf8(text, 0).length == 1);
  }
}

TEST_CASE("the bytes inside a code point are no boundary") {
  const std::string text = "a€b";
  CHECK(is_code_point_boundary(text, 0));
  CHECK(is_code_point_boundary(text, 1));
  CHECK_FALSE(is_code_point_boundary(text, 2));
  CHECK_FALSE(is_code_point_boundary(text, 3));
  CHECK(is_code_point_boundary(text, 4));
  CHECK(is_code_point_boundary(text, 5));
}

TEST_CASE("stray continuation bytes may be parted anywhere") {
  const std::string text = "a\x80\x80\x80\x80\x80";
  for (std::size_t at = 0; at <= text.size(); ++at)
    CHECK(is_code_point_boundary(text, at));
}

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
  CHECK_FALSE(is_word_character(kReplacement));
}
