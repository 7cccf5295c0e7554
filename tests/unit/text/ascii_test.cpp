// SPDX-License-Identifier: Apache-2.0
#include "common/text/ascii.hpp"

#include "common/text/hex.hpp"
#include "common/text/percent.hpp"
#include "tests/support/catch.hpp"

#include <cctype>

using namespace holdfast::text;

TEST_CASE("the classes are those of the C locale, for every byte") {
  for (int byte = 0; byte < 256; ++byte) {
    CAPTURE(byte);
    const bool ascii = byte < 0x80;
    const char c = static_cast<char>(byte);
    if (is_digit(c) != (ascii && std::isdigit(byte)) ||
        is_alpha(c) != (ascii && std::isalpha(byte)) ||
        is_upper(c) != (ascii && std::isupper(byte)) ||
        is_lower(c) != (ascii && std::islower(byte)) ||
        is_alphanumeric(c) != (ascii && std::isalnum(byte)) ||
        is_control(c) != (ascii && std::iscntrl(byte)) ||
        (hex_value(c) >= 0) != (ascii && std::isxdigit(byte))) {
      FAIL("byte " << byte);
    }
  }
}

TEST_CASE("case is folded for ASCII letters only") {
  CHECK(to_lower("Content-TYPE \xC3\x89") == "content-type \xC3\x89");
  CHECK(equals_ignoring_case("", ""));
  CHECK(equals_ignoring_case("GZip", "gzIP"));
  CHECK_FALSE(equals_ignoring_case("gzip", "gzi"));
  CHECK_FALSE(equals_ignoring_case("@[", "`{"));
}

TEST_CASE("trimming takes characters off both ends and leaves the middle") {
  CHECK(trim(" \ta b\t ") == "a b");
  CHECK(trim("a") == "a");
  CHECK(trim(" \t ") == "");
  CHECK(trim("") == "");
  CHECK(trim("a\n") == "a\n");
  CHECK(trim("\r\na\n", kWhitespace) == "a");
}

TEST_CASE("hexadecimal digits have values, and bytes two lower-case digits each") {
  CHECK(hex_value('0') == 0);
  CHECK(hex_value('9') == 9);
  CHECK(hex_value('a') == 10);
  CHECK(hex_value('F') == 15);
  CHECK(hex_value('g') == -1);
  CHECK(to_hex(std::string_view("\x00\x7f\xff", 3)) == "007fff");
  CHECK(is_lower_hex("0af9"));
  CHECK_FALSE(is_lower_hex("0AF9"));
}

TEST_CASE("percent-escapes are decoded, in either case") {
  std::string out = "before";
  REQUIRE(percent_decode("a%20b%2Fc%2f+", out));
  CHECK(out == "a b/c/+");
  REQUIRE(percent_decode("a+b%2B", out, Plus::Space));
  CHECK(out == "a b+");
  REQUIRE(percent_decode("", out));
  CHECK(out.empty());
}

TEST_CASE("a broken escape or a NUL is refused") {
  std::string out;
  for (const std::string_view bad :
       {std::string_view("%"), std::string_view("a%2"), std::string_view("%zz"),
        std::string_view("%2g"), std::string_view("%00"), std::string_view("a\0b", 3)}) {
    CAPTURE(bad);
    CHECK_FALSE(percent_decode(bad, out));
  }
}

TEST_CASE("everything but unreserved characters is percent-encoded") {
  std::string out = "?q=";
  append_percent_encoded(out, "aZ9-._~ /%\xC3\xA9");
  CHECK(out == "?q=aZ9-._~%20%2F%25%C3%A9");
}
