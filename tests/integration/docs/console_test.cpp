// SPDX-License-Identifier: Apache-2.0
// The comparison itself, and what it must reject.
#include "tests/integration/docs/console.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

using namespace holdfast::test;

TEST_CASE(
    "commands and their outputs are told apart, with continued lines, in console blocks only") {
  const auto commands = commands_of(
      "text\n```console\n$ one \\\n    two\nout\nput\n$ three\n```\n```sh\n$ not me\n```\n");
  REQUIRE(commands.size() == 2);
  CHECK(commands[0].line == 3);
  CHECK(commands[0].text == "one \\\n    two");
  CHECK(commands[0].output == "out\nput\n");
  CHECK(commands[1].text == "three");
  CHECK(commands[1].output.empty());
  CHECK_THROWS(commands_of("```console\noutput\n```\n"));
  CHECK_THROWS(commands_of("```console\n$ a\n"));
}

TEST_CASE("ids, times and fractions may differ, words and counts may not") {
  CHECK(shows(R"({"id":"303f9765-61f2-4b01-b353-3c17365df1a6","n":3})",
              R"({"id":"d6f50e77-a4e3-45c9-9dfb-364e14015dad","n":3})"));
  CHECK_FALSE(shows(R"({"id":"303f9765-61f2-4b01-b353-3c17365df1a6","n":3})",
                    R"({"id":"d6f50e77-a4e3-45c9-9dfb-364e14015dad","n":4})"));
  CHECK(shows("at 2026-11-23T17:38:47.730Z", "at 2031-01-02T03:04:05.006Z"));
  CHECK_FALSE(shows("at 2026-11-23T17:38:47.730Z", "at 2031-01-02"));
  CHECK(shows("0.0327", "0.5"));
  CHECK_FALSE(shows("0.0327", "5"));
  CHECK_FALSE(shows(R"("version":"0.1.0")", R"("version":"0.2.0")"));
  CHECK_FALSE(shows("3.1.0", "3.0.0"));
  CHECK_FALSE(shows("pending", "ready"));
}

TEST_CASE("an ellipsis stands for any text between what is shown") {
  CHECK(shows("a…d", "abcd"));
  CHECK(shows("a…", "a"));
  CHECK(shows("…b…d…", "abcde"));
  CHECK_FALSE(shows("a…c", "abcd"));
  CHECK_FALSE(shows("b…d", "abcd"));
  CHECK_FALSE(shows("a…c…b", "abcd"));
  CHECK_FALSE(shows("ab…ba", "aba"));
  CHECK_FALSE(shows("", "something"));
}

TEST_CASE("a session is one shell: its variables last, and errors are output") {
  const TempDir directory;
  const auto outputs = run_commands(
      {{1, "x=7", ""}, {2, "echo $x$y", ""}, {3, "nonsense-here", ""}}, "y=8", directory.path());
  REQUIRE(outputs.size() == 3);
  CHECK(outputs[0].empty());
  CHECK(outputs[1] == "78\n");
  CHECK(outputs[2].find("nonsense-here") != std::string::npos);
  CHECK_THROWS(run_commands({{1, "exit 3", ""}, {2, "echo", ""}}, "", directory.path()));
}
