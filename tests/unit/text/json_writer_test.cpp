// SPDX-License-Identifier: Apache-2.0
#include "common/text/json_writer.hpp"

#include "common/text/utf8.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <limits>

using namespace holdfast::api;

namespace {

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("text is escaped as RFC 8259 asks, and no more") {
  CHECK(json_text("") == R"("")");
  CHECK(json_text("plain / text") == R"("plain / text")");
  CHECK(json_text("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_text("\n\r\t\b\f") == R"("\n\r\t\b\f")");
  CHECK(json_text(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\x7f\"");
  CHECK(json_text("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST_CASE("each byte that is no UTF-8 becomes U+FFFD, so the output is always valid JSON") {
  const std::string bad = "\xEF\xBF\xBD";
  CHECK(json_text("a\xFF"
                  "b") == "\"a" + bad + "b\"");
  CHECK(json_text("\xC3") == "\"" + bad + "\"");
  CHECK(json_text("\xC0\xAF") == "\"" + bad + bad + "\"");            // overlong
  CHECK(json_text("\xED\xA0\x80") == "\"" + bad + bad + bad + "\"");  // a surrogate
  CHECK(json_text("\xF4\x90\x80\x80").size() == 2 + 4 * bad.size());  // above U+10FFFF
}

TEST_CASE("every single byte and every pair of bytes makes JSON that a parser accepts") {
  for (int a = 0; a < 256; ++a) {
    for (int b = 0; b < 256; ++b) {
      const std::string text{static_cast<char>(a), static_cast<char>(b)};
      const auto parsed = nlohmann::json::parse(json_text(text));
      const bool valid = find_invalid_utf8(text) == std::string::npos;
      if ((parsed.get<std::string>() == text) != valid) FAIL("bytes " << a << ", " << b);
    }
  }
}

TEST_CASE("objects and arrays get their commas at every depth") {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.key("a").begin_array().number(1).number(-2).begin_object().end_object().end_array();
  json.key("b").begin_object().key("c").null().key("d").boolean(true).end_object();
  json.field("e", "x").field("f", 2.5).key("g").raw("{\"h\":1}");
  json.key("i").begin_array().end_array();
  json.end_object();
  CHECK(out == R"({"a":[1,-2,{}],"b":{"c":null,"d":true},"e":"x","f":2.5,"g":{"h":1},"i":[]})");
}

TEST_CASE("numbers keep every digit; what JSON cannot say is null") {
  std::string out;
  JsonWriter json(out);
  json.begin_array();
  json.number(std::numeric_limits<std::int64_t>::min());
  json.number(std::numeric_limits<std::uint64_t>::max());
  json.number(0.1).number(1e300);
  json.number(std::numeric_limits<double>::quiet_NaN());
  json.number(std::numeric_limits<double>::infinity());
  json.end_array();
  CHECK(out == "[-9223372036854775808,18446744073709551615,0.1,1e+300,null,null]");
}

TEST_CASE("code points are counted and cut, never bytes") {
  const std::string text = "h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80!";
  CHECK(count_code_points(text) == 5);
  CHECK(utf8_prefix(text, 0) == "");
  CHECK(utf8_prefix(text, 2) == "h\xC3\xA9");
  CHECK(utf8_prefix(text, 4) == "h\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80");
  CHECK(utf8_prefix(text, 99) == text);
  CHECK(find_invalid_utf8(text) == std::string::npos);
  CHECK(find_invalid_utf8("ok\xE2\x82") == 2);
}
