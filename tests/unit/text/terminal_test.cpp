// SPDX-License-Identifier: Apache-2.0
#include "common/text/terminal.hpp"

#include "common/text/json_escape.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::text {

TEST_CASE("nothing that controls a terminal reaches it, and all that can be read does") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"plain, \"quoted\" and \\ back", "plain, \"quoted\" and \\ back"},
      {"two\nlines\tand a tab", "two\nlines\tand a tab"},
      {"Grüße, 漢字, 👍🏽", "Grüße, 漢字, 👍🏽"},
      // C0 and DEL
      {"\x1b[2J\x1b]0;title\x07", "\\u001b[2J\\u001b]0;title\\u0007"},
      {"over\rwritten\b", "over\\u000dwritten\\u0008"},
      {"\x7f", "\\u007f"},
      // colours
      {"\x1b[1;31mred\x1b[0m\x1b[m", "red"},
      {"\x1b[31", "\\u001b[31"},
      // C1: as UTF-8, and as the bytes of another encoding
      {"\u009b31m\u0085", "\\u009b31m\\u0085"},
      {"\x9b", "\xEF\xBF\xBD"},
      // bidirectional
      {"a\u202Eb\u2066c\u2069\u200F\u061C", "a\\u202eb\\u2066c\\u2069\\u200f\\u061c"},
      // zero width, and what else has no glyph
      {"a\u200Bb\u200Dc\u2060\uFEFF\u00AD\u3164", "a\\u200bb\\u200dc\\u2060\\ufeff\\u00ad\\u3164"},
      {"\u2028\u2029", "\\u2028\\u2029"},
      {"\U000E0041", "\\udb40\\udc41"},
      {"\uFFA0\U0001BCA0\U0001D173 \U0001F600", "\\uffa0\\ud82f\\udca0\\ud834\\udd73 \U0001F600"},
      {"", ""},
  }));
  CHECK(for_terminal(text) == expected);
}

TEST_CASE("NUL is escaped, and a newline where it must not be") {
  CHECK(for_terminal(std::string("a\0b", 3)) == "a\\u0000b");
  CHECK(for_terminal_line("a\nb\tc") == "a\\u000ab\tc");
}

TEST_CASE("every code point is either kept or escaped, in texts and in JSON alike") {
  for (char32_t c = 1; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    if (c < 0x80) {
      text = static_cast<char>(c);
    } else if (c < 0x800) {
      text = {static_cast<char>(0xC0 | c >> 6), static_cast<char>(0x80 | (c & 0x3F))};
    } else if (c < 0x10000) {
      text = {static_cast<char>(0xE0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3F)),
              static_cast<char>(0x80 | (c & 0x3F))};
    } else {
      text = {static_cast<char>(0xF0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3F)),
              static_cast<char>(0x80 | (c >> 6 & 0x3F)), static_cast<char>(0x80 | (c & 0x3F))};
    }
    const bool hidden = is_hidden(c);
    if (c >= 0x80 && (hidden_sequence(text) > 0) != hidden) FAIL(static_cast<std::uint32_t>(c));
    if (c >= 0x80 && (for_terminal(text) == text) == hidden) FAIL(static_cast<std::uint32_t>(c));
    std::string escaped;
    append_json_string(escaped, text);
    if (c >= 0x80 && (escaped.size() == text.size() + 2) == hidden)
      FAIL(static_cast<std::uint32_t>(c));
    if ((hidden || c < 0x80) && nlohmann::json::parse(escaped).get<std::string>() != text)
      FAIL(static_cast<std::uint32_t>(c));
  }
  SUCCEED();
}

TEST_CASE("JSON stays the same JSON without what is hidden in it") {
  std::string json = "before {\"m\":\"a\u202Eb\x7f\u0085\U000E0041 Grüße\",\"n\":1}";
  const std::string parsed = nlohmann::json::parse(json.substr(7))["m"];
  escape_hidden(json, 7);
  CHECK(json == "before {\"m\":\"a\\u202eb\\u007f\\u0085\\udb40\\udc41 Grüße\",\"n\":1}");
  CHECK(nlohmann::json::parse(json.substr(7))["m"] == parsed);
  std::string plain = "{\"m\":\"Grüße\"}";
  escape_hidden(plain);
  CHECK(plain == "{\"m\":\"Grüße\"}");
}

}  // namespace holdfast::text
