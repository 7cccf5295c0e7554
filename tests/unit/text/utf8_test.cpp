// SPDX-License-Identifier: Apache-2.0
#include "common/text/utf8.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace holdfast::text;

namespace {

const std::string kInvalid[] = {
    "\x80",              // continuation without a lead
    "\xC0\xAF",          // overlong
    "\xE0\x80\x80",      // overlong
    "\xF0\x80\x80\x80",  // overlong
    "\xED\xA0\x80",      // surrogate
    "\xF4\x90\x80\x80",  // beyond U+10FFFF
    "\xF8\x88\x80\x80",  // five-byte lead
    "\xFF",              // never a lead
    "\xE2\x82",          // cut short
    "\xE2(\xA1",         // interrupted
};

std::string encode(char32_t c) {
  const auto tail = [c](int shift) { return static_cast<char>(0x80 | ((c >> shift) & 0x3F)); };
  if (c < 0x80) return {static_cast<char>(c)};
  if (c < 0x800) return {static_cast<char>(0xC0 | (c >> 6)), tail(0)};
  if (c < 0x10000) return {static_cast<char>(0xE0 | (c >> 12)), tail(6), tail(0)};
  return {static_cast<char>(0xF0 | (c >> 18)), tail(12), tail(6), tail(0)};
}

}  // namespace

TEST_CASE("every code point but the surrogates decodes from its encoding") {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    const std::string text = encode(c);
    const bool surrogate = c >= 0xD800 && c <= 0xDFFF;
    const CodePoint decoded = decode_utf8(text);
    const bool right = surrogate
                           ? !is_utf8(text) && decoded.value == kReplacement
                           : is_utf8(text) && decoded.value == c && decoded.length == text.size() &&
                                 utf8_sequence(text) == text.size();
    if (!right) FAIL("U+" << std::hex << static_cast<unsigned>(c));
  }
}

TEST_CASE("an invalid byte starts no sequence and decodes to one replacement character") {
  for (const std::string& text : kInvalid) {
    CAPTURE(text);
    CHECK(utf8_sequence(text) == 0);
    CHECK(decode_utf8(text).value == kReplacement);
    CHECK(decode_utf8(text).length == 1);
    CHECK_FALSE(is_utf8(text));
  }
  CHECK(utf8_sequence("") == 0);
}

TEST_CASE("the first invalid byte is found wherever it is") {
  for (const std::string& bad : kInvalid) {
    for (std::size_t before = 0; before < 40; ++before) {
      const std::string ascii = std::string(before, 'a') + bad + "b";
      const std::string mixed = "\xE2\x82\xAC" + ascii;
      if (find_invalid_utf8(ascii) != before) FAIL("after " << before << " ASCII: " << bad);
      if (find_invalid_utf8(mixed) != before + 3) FAIL("after € and " << before << ": " << bad);
    }
  }
  CHECK(find_invalid_utf8("") == std::string_view::npos);
  CHECK(find_invalid_utf8("ok\xE2\x82") == 2);
  CHECK(is_utf8(std::string_view("a\0b", 3)));
}

TEST_CASE("there is no boundary inside a code point") {
  const std::string text = "a€b";
  CHECK(is_code_point_boundary(text, 0));
  CHECK(is_code_point_boundary(text, 1));
  CHECK_FALSE(is_code_point_boundary(text, 2));
  CHECK_FALSE(is_code_point_boundary(text, 3));
  CHECK(is_code_point_boundary(text, 4));
  CHECK(is_code_point_boundary(text, 5));
}

TEST_CASE("stray continuation bytes may be separated anywhere") {
  const std::string text = "a\x80\x80\x80\x80\x80";
  for (std::size_t at = 0; at <= text.size(); ++at)
    CHECK(is_code_point_boundary(text, at));
}

TEST_CASE("text is truncated at a code point boundary") {
  const std::string text = "a€b";
  CHECK(truncate_utf8(text, 0) == "");
  CHECK(truncate_utf8(text, 1) == "a");
  CHECK(truncate_utf8(text, 3) == "a");
  CHECK(truncate_utf8(text, 4) == "a€");
  CHECK(truncate_utf8(text, 5) == text);
  CHECK(truncate_utf8(text, 99) == text);
  CHECK(truncate_utf8("\x80\x80\x80\x80\x80", 4) == "\x80\x80\x80\x80");
}

TEST_CASE("code points are counted and taken, not bytes") {
  const std::string text = "hé€😀!";
  CHECK(count_code_points(text) == 5);
  CHECK(utf8_prefix(text, 0) == "");
  CHECK(utf8_prefix(text, 2) == "hé");
  CHECK(utf8_prefix(text, 4) == "hé€😀");
  CHECK(utf8_prefix(text, 99) == text);
}
