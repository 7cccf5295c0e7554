// SPDX-License-Identifier: Apache-2.0
#include "common/text/visible.hpp"

#include "tests/support/catch.hpp"

namespace holdfast::text {

using Texts = std::vector<std::string>;

TEST_CASE("what a person sees of a line") {
  struct Row {
    const char* name;
    std::string line;
    Texts seen;
  };
  const auto row = GENERATE(
      values<Row>({{"plain text", "ready on port 80", {"ready on port 80"}},
                   {"tabs stay", "a\tb", {"a\tb"}},
                   {"carriage return at the end", "ready\r", {"ready"}},
                   {"colours",
                    "\x1b[32m\x1b[1mready\x1b[0m on \x1b[38;2;255;0;0mport\x1b[m",
                    {"ready on port"}},
                   {"a colour inside a word", "rea\x1b[33mdy", {"ready"}},
                   {"a hyperlink", "\x1b]8;;http://x/\x1b\\ready\x1b]8;;\x1b\\", {"ready"}},
                   {"a window title", "\x1b]0;my server\x07ready", {"ready"}},
                   {"a string that never ends", "ready\x1b]0;my server", {"ready"}},
                   {"character sets and keypad modes", "\x1b(Bready\x1b=", {"ready"}},
                   {"a malformed sequence swallows nothing", "\x1b[3\nready", {"ready"}},
                   {"an escape at the end", "ready\x1b", {"ready"}},
                   {"a progress bar", "10%\r100%\rready\r", {"10%", "100%", "ready"}},
                   {"a spinner", "- wait\x1b[2K\x1b[1Gready", {"- wait", "ready"}},
                   {"backspaces", "wait |\b/\b-\bdone", {"wait done"}},
                   {"a backspace over a character of many bytes", "…\bready", {"ready"}},
                   {"control characters",
                    std::string("re\0a\x07"
                                "dy\x7f",
                                8),
                    {"ready"}},
                   {"what is not UTF-8", "caf\xe9 ready", {"caf\xEF\xBF\xBD ready"}},
                   {"nothing", "\x1b[0m\r\r", {}}}));
  INFO(row.name);
  CHECK(visible_texts(row.line, 100) == row.seen);
}

TEST_CASE("the texts of a line have the given size together, cut between characters") {
  CHECK(visible_texts("abcdef", 4) == Texts{"abcd"});
  CHECK(visible_texts("ab\rcdef", 4) == Texts{"ab", "cd"});
  CHECK(visible_texts("abc…", 4) == Texts{"abc"});
  CHECK(visible_texts("abcd\x1b[0m", 4) == Texts{"abcd"});
}

}  // namespace holdfast::text
