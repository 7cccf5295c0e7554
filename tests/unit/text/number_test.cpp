// SPDX-License-Identifier: Apache-2.0
#include "common/text/number.hpp"

#include "tests/support/catch.hpp"

#include <cmath>
#include <cstdint>

using namespace holdfast::text;

TEST_CASE("a number is the whole text") {
  CHECK(parse_number<int>("0") == 0);
  CHECK(parse_number<int>("-17") == -17);
  CHECK(parse_number<std::uint16_t>("65535") == 65535);
  CHECK(parse_number<std::uint64_t>("18446744073709551615") == 18446744073709551615u);
  CHECK(parse_number<std::uint32_t>("777", 8) == 0777u);
  CHECK(parse_number<std::uint64_t>("fF", 16) == 255u);
  for (const char* bad : {"", "-", "+1", " 1", "1 ", "1.0", "0x1", "one", "1,2"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_number<int>(bad));
  }
}

TEST_CASE("a number that the type cannot hold is not a number") {
  CHECK_FALSE(parse_number<std::uint16_t>("65536"));
  CHECK_FALSE(parse_number<std::uint16_t>("-1"));
  CHECK_FALSE(parse_number<int>("2147483648"));
  CHECK_FALSE(parse_number<std::int64_t>("-9223372036854775809"));
  CHECK_FALSE(parse_number<double>("1e999"));
}

TEST_CASE("a floating-point number may have a fraction, an exponent, or be inf or nan") {
  CHECK(parse_number<double>("0.5") == 0.5);
  CHECK(parse_number<double>("-2e3") == -2000.0);
  CHECK(std::isinf(*parse_number<double>("inf")));
  CHECK(std::isnan(*parse_number<double>("nan")));
  for (const char* bad : {"", "+1", " 1", "1 ", "1.0.0", "e5", "0.5x"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_number<double>(bad));
  }
}

TEST_CASE("parse_digits takes digits and nothing else") {
  CHECK(parse_digits<std::int64_t>("0") == 0);
  CHECK(parse_digits<std::int64_t>("9223372036854775807") == 9223372036854775807);
  for (const char* bad : {"", "-1", "-0", "+1", " 1", "1 ", "1.0", "0x1", "9223372036854775808"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_digits<std::int64_t>(bad));
  }
}

TEST_CASE("take_number takes the number off the front and leaves the rest") {
  std::string_view text = "12 34";
  CHECK(take_number<int>(text) == 12);
  CHECK(text == " 34");
  CHECK_FALSE(take_number<int>(text));
  CHECK(text == " 34");
  std::string_view too_large = "256,";
  CHECK_FALSE(take_number<std::uint8_t>(too_large));
  CHECK(too_large == "256,");
}
