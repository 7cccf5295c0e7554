// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/words.hpp"

#include "tests/unit/import/support.hpp"

namespace holdfast::supervisor::importer {

TEST_CASE("words are split and unquoted as a shell does") {
  const std::pair<const char*, Words> kCases[] = {
      {"", {}},
      {"  a  b\tc ", {"a", "b", "c"}},
      {"a 'b c' \"d e\" f\\ g", {"a", "b c", "d e", "f g"}},
      {"nginx -g \"daemon off;\"", {"nginx", "-g", "daemon off;"}},
      {"a '' \"\"", {"a", "", ""}},
      {"a\"b\"'c'", {"abc"}},
      {"\"a\\\"b\\\\c\\d\"", {"a\"b\\c\\d"}},
      {"'a\\b'", {"a\\b"}},
  };
  for (const auto& [text, expected] : kCases) {
    INFO(text);
    const auto words = split_words(text);
    REQUIRE(words);
    CHECK(*words == expected);
  }
  CHECK_FALSE(split_words("a 'b"));
}

TEST_CASE("a shell runs only what needs one") {
  const ShellCommand plain =
      shell_command("PORT=3000 RACK_ENV='a b' exec bundle exec puma -C x.rb");
  CHECK_FALSE(plain.needs_shell);
  CHECK(plain.command == Words{"bundle", "exec", "puma", "-C", "x.rb"});
  CHECK(plain.environment == Variables{{"PORT", "3000"}, {"RACK_ENV", "a b"}});
  for (const char* text :
       {"a | b", "a && b", "a; b", "a > log", "a $PORT", "a \"${PORT:-1}\"", "a `id`", "a *.js",
        "cd x", "X=1", "a ~/b", "a # b", "a 'b", "(a)", "! a"}) {
    INFO(text);
    const ShellCommand shell = shell_command(text);
    CHECK(shell.needs_shell);
    CHECK(shell.command == Words{"sh", "-c", text});
    CHECK(shell.environment.empty());
  }
  for (const char* text : {"a '$PORT'", "a 'b|c' \"d;e\"", "a \\$b", "a x=1", "a b#c", "a {b}"}) {
    INFO(text);
    CHECK_FALSE(shell_command(text).needs_shell);
  }
}

TEST_CASE("a quoted word is one word for a shell again") {
  for (const char* word : {"a", "a b", "it's", "", "$x", "a\"b", "/usr/bin/x", "--a=b,c"}) {
    const auto words = split_words(shell_quoted(word));
    REQUIRE(words);
    CHECK(*words == Words{word});
  }
  CHECK(shell_quoted("--config=/etc/x.yml") == "--config=/etc/x.yml");
}

}  // namespace holdfast::supervisor::importer
