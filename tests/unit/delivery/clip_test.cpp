// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receivers/clip.hpp"

#include "common/text/utf8.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::alerts;

TEST_CASE("a text is cut between code points, and an ellipsis says so") {
  CHECK(clip("abc", 3) == "abc");
  CHECK(clip("abcd", 3) == "ab\xE2\x80\xA6");
  CHECK(clip("", 3) == "");
  CHECK(clip("abc", 1) == "\xE2\x80\xA6");
  CHECK(clip("abc", 0) == "");
  // Outside of the basic plane a code point has two units.
  const std::string bomb = "\xF0\x9F\x92\xA3";
  CHECK(clip(bomb + bomb, 4) == bomb + bomb);
  CHECK(clip(bomb + bomb, 3) == bomb + "\xE2\x80\xA6");
  CHECK(clip(bomb + bomb, 2) == "\xE2\x80\xA6");
}

TEST_CASE(
    "whatever is clipped is valid UTF-8 of at most so many units, without control characters") {
  const std::string texts[] = {"\xff\xfe\xff", "a\x1b[31mb\x07", std::string(100, '\n'),
                               "\xF0\x9F\x92\xA3\xF0\x9F\x92", "\xE2\x80\xAE evil"};
  for (const std::string& text : texts) {
    for (std::size_t most = 0; most < 30; ++most) {
      const std::string clipped = clip_escaped(text, most, escape_slack);
      CHECK(utf16_length(clipped) <= most);
      CHECK(text::is_utf8(clipped));
      CHECK(clipped.find('\x1b') == std::string::npos);
    }
  }
}

TEST_CASE("an escape is never cut in two") {
  CHECK(clip_escaped("a<b", 6, escape_slack) == "a&lt;b");
  CHECK(clip_escaped("a<bc", 6, escape_slack) == "a&lt;\xE2\x80\xA6");
  CHECK(clip_escaped("a<bc", 5, escape_slack) == "a\xE2\x80\xA6");
  CHECK(clip_escaped("<!channel> & co", 100, escape_slack) == "&lt;!channel&gt; &amp; co");
  CHECK(clip_escaped("*a*", 100, escape_discord) == "\\*a\\*");
}

TEST_CASE("a code block closes its fences, and nothing in it opens or closes any") {
  CHECK(code_block("x", 100, Keep::Beginning, escape_nothing) == "```\nx\n```");
  CHECK(code_block("a```b", 100, Keep::Beginning, escape_nothing) == "```\na'''b\n```");
  CHECK(code_block("", 100, Keep::Beginning, escape_nothing) == "");
  CHECK(code_block("x", 9, Keep::Beginning, escape_nothing) == "");
  for (std::size_t most = 0; most < 60; ++most) {
    for (const Keep keep : {Keep::Beginning, Keep::End}) {
      const std::string block =
          code_block("first ``` line\nsecond & line\nthird line", most, keep, escape_slack);
      CHECK(utf16_length(block) <= most);
      if (block.empty()) continue;
      CHECK(block.starts_with("```\n"));
      CHECK(block.ends_with("\n```"));
      CHECK(block.substr(3, block.size() - 6).find("```") == std::string::npos);
    }
  }
}

TEST_CASE("of a log the end is kept, from the beginning of a line") {
  CHECK(code_block("first\nsecond\nthird", 26, Keep::End, escape_nothing) ==
        "```\n\xE2\x80\xA6\nsecond\nthird\n```");
  CHECK(code_block("first\nsecond\nthird", 26, Keep::Beginning, escape_nothing) ==
        "```\nfirst\nsecond\nthird\n```");
  CHECK(code_block("first\nsecond\nthird", 20, Keep::End, escape_nothing) ==
        "```\n\xE2\x80\xA6\nthird\n```");
}
