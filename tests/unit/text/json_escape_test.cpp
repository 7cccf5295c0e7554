// SPDX-License-Identifier: Apache-2.0
#include "common/text/json_escape.hpp"

#include "common/text/utf8.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <utility>
#include <vector>

using namespace holdfast::text;

namespace {

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

}  // namespace

TEST_CASE("text is escaped as RFC 8259 asks; DEL, too, for the sake of terminals") {
  CHECK(json_text("") == R"("")");
  CHECK(json_text("plain / text") == R"("plain / text")");
  CHECK(json_text("a\"b\\c") == R"("a\"b\\c")");
  CHECK(json_text("\n\r\t\b\f") == R"("\n\r\t\b\f")");
  CHECK(json_text(std::string_view("\0\x01\x1f\x7f", 4)) == "\"\\u0000\\u0001\\u001f\\u007f\"");
  CHECK(json_text("h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80") ==
        "\"h\xC3\xA9 \xE2\x82\xAC \xF0\x9F\x98\x80\"");
}

TEST_CASE("each byte that is not UTF-8 becomes U+FFFD, so the output is always valid JSON") {
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
      const bool valid = is_utf8(text);
      if ((parsed.get<std::string>() == text) != valid) FAIL("bytes " << a << ", " << b);
    }
  }
}

TEST_CASE("the pieces of an escaped text can be taken one by one, until the taker has enough") {
  const std::string_view text = "a\xC3\xA9\n\xFFz";
  std::vector<std::pair<std::string, bool>> pieces;
  const auto take = [&](std::string_view piece, bool literal) {
    pieces.emplace_back(piece, literal);
    return pieces.size() < 3;
  };
  CHECK_FALSE(escape_json(text, take));
  CHECK(pieces == decltype(pieces){{"a\xC3\xA9", true}, {"\\n", false}, {"\xEF\xBF\xBD", false}});
  CHECK(escape_json("ab", [](std::string_view, bool) { return true; }));
}
