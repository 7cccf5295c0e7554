// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/env_file.hpp"

#include "common/protocol/variables.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;

namespace {

const Environ kOuter{{"HOME", "/home/web"}, {"EMPTY", ""}, {"A", "outer"}};

struct Good {
  const char* text;
  Environ values;
};

struct Bad {
  const char* text;
  const char* message;
};

}  // namespace

TEST_CASE("env_file means what it says: the grammar of docker compose") {
  const Good table[] = {
      {"", {}},
      {"# comment\n\n  # another\n \t \nA=1", {{"A", "1"}}},
      {"A=1\r\nB=2\r\n\r\n", {{"A", "1"}, {"B", "2"}}},
      {"\xEF\xBB\xBF"
       "A=1\n",
       {{"A", "1"}}},
      {"export A=1\nexport\tB=2\n export  C = 3\nexport=4\nexported=5",
       {{"A", "1"}, {"B", "2"}, {"C", "3"}, {"export", "4"}, {"exported", "5"}}},
      {"A=1\nA=2", {{"A", "2"}}},
      {"_a1=x", {{"_a1", "x"}}},
      // unquoted
      {"A=\nB= \nC=\t\n", {{"A", ""}, {"B", ""}, {"C", ""}}},
      {"A = two words \t", {{"A", "two words"}}},
      {"A=a=b==", {{"A", "a=b=="}}},
      {"A=v # comment\nB=v\t# comment\nC=v# part of it\nD=#v\nE= # comment\nF=http://h/#top",
       {{"A", "v"},
        {"B", "v"},
        {"C", "v# part of it"},
        {"D", "#v"},
        {"E", ""},
        {"F", "http://h/#top"}}},
      {"A=it's\nB=5\" disk\nC=a'b'c", {{"A", "it's"}, {"B", "5\" disk"}, {"C", "a'b'c"}}},
      {"A=a\\tb\nB=C:\\dir\\", {{"A", "a\\tb"}, {"B", "C:\\dir\\"}}},
      {"A=Grüße", {{"A", "Grüße"}}},
      // single quotes
      {"A='v'\nB = ' v ' \nC=''", {{"A", "v"}, {"B", " v "}, {"C", ""}}},
      {"A='v # no comment' # comment\nB='v'#comment", {{"A", "v # no comment"}, {"B", "v"}}},
      {"A='Let\\'s go'\nB='a\\tb\\\\'\nC='say \"hi\"'",
       {{"A", "Let's go"}, {"B", "a\\tb\\\\"}, {"C", "say \"hi\""}}},
      {"A='$HOME ${NO} $$'", {{"A", "$HOME ${NO} $$"}}},
      {"A='one\n# two\nB=three'\nC=4", {{"A", "one\n# two\nB=three"}, {"C", "4"}}},
      // double quotes
      {"A=\"v\"\nB = \" v \" \nC=\"\"", {{"A", "v"}, {"B", " v "}, {"C", ""}}},
      {"A=\"v # no comment\" # comment", {{"A", "v # no comment"}}},
      {R"(A="{\"hello\": \"json\"}")", {{"A", R"({"hello": "json"})"}}},
      {R"(A="a\tb\nc\rd\\e\a\b\f\v")", {{"A", "a\tb\nc\rd\\e\a\b\f\v"}}},
      {R"(A="\0101\012.")", {{"A", "A\n."}}},
      {R"(A="\d+\.\w")", {{"A", R"(\d+\.\w)"}}},
      {"A=\"-----BEGIN\r\nabc\r\n-----END\"\r\nB=1",
       {{"A", "-----BEGIN\nabc\n-----END"}, {"B", "1"}}},
      {"A=\"it's\"", {{"A", "it's"}}},
      // variables
      {"A=$HOME/x\nB=${HOME}/x\nC=\"$HOME/x\"",
       {{"A", "/home/web/x"}, {"B", "/home/web/x"}, {"C", "/home/web/x"}}},
      {"A=file\nB=$A", {{"A", "file"}, {"B", "file"}}},
      {"A=$A:more", {{"A", "outer:more"}}},
      {"B=${NO:-d e}\nC=${NO-d}\nD=${EMPTY:-d}\nE=${EMPTY-d}\nF=${NO:-}\nG=$EMPTY",
       {{"B", "d e"}, {"C", "d"}, {"D", "d"}, {"E", ""}, {"F", ""}, {"G", ""}}},
      {"A=pa$$word\nB=\"pa$$word\"\nC=\"pa\\$word\"",
       {{"A", "pa$word"}, {"B", "pa$word"}, {"C", "pa$word"}}},
  };
  for (const Good& row : table) {
    INFO(row.text);
    const auto env = parse_env_file(row.text, "file.env", kOuter);
    INFO((env ? "" : env.error().message));
    REQUIRE(env);
    CHECK(*env == row.values);
  }
}

TEST_CASE("an env_file line that has no certain meaning is refused with its number") {
  const Bad table[] = {
      {"OK=1\nno equals sign\n", "file.env:2: expected NAME=VALUE"},
      {"OK=1\n=value\n", "file.env:2: expected NAME=VALUE"},
      {"OK=1\n9A=1\n", "file.env:2: expected NAME=VALUE"},
      {"OK=1\nA-B=1\n", "file.env:2: expected NAME=VALUE"},
      {"OK=1\nNAME\n", "file.env:2: expected NAME=VALUE"},
      {"A: yaml\n", "file.env:1: expected NAME=VALUE"},
      {"export\n", "file.env:1: expected NAME=VALUE"},
      {"\xFF\xFE"
       "A",
       "file.env:1: expected NAME=VALUE"},
      {"OK=1\nA='half\nB=2\n",
       "file.env:2: the value has no closing '; write \\' for a quote inside it"},
      {"A=\"half", "file.env:1: the value has no closing \"; write \\\" for a quote inside it"},
      {"A='C:\\'\n", "file.env:1: the value has no closing '; write \\' for a quote inside it"},
      {"A=\"x\" y\n",
       "file.env:1: text after the closing quote of the value that begins on line 1"},
      {"A='x\nB='y'\n",
       "file.env:2: text after the closing quote of the value that begins on line 1"},
      {"A='a''b'\n", "file.env:1: text after the closing quote of the value that begins on line 1"},
      {"A=pa$word\n",
       "file.env:1: 'word' is not set; write $$ for a dollar sign, or put the value in single "
       "quotes"},
      {"\nA=\"\n${NO}\"\n",
       "file.env:3: 'NO' is not set; write $$ for a dollar sign, or put the value in single "
       "quotes"},
      {"A=$2y$10\n",
       "file.env:1: '$' begins no variable; write $$, or put the value in single quotes"},
      {"A=5$\n", "file.env:1: '$' begins no variable; write $$, or put the value in single quotes"},
      {"A=$(date)\n",
       "file.env:1: '$' begins no variable; write $$, or put the value in single quotes"},
      {"A=${HOME\n", "file.env:1: '${' without '}'"},
      {"A=${HOME:?no}\n",
       "file.env:1: write ${NAME}, ${NAME-default} or ${NAME:-default} with a default without '$'"},
      {"A=1\rB=2\n", "file.env:1: a carriage return without a newline; use \\r in double quotes"},
      {"A=\"\\0\\00\"\n", "file.env:1: the value has a NUL character"},
  };
  for (const Bad& row : table) {
    INFO(row.text);
    const auto env = parse_env_file(row.text, "file.env", kOuter);
    REQUIRE_FALSE(env);
    CHECK(env.error().kind == ErrorKind::InvalidArgument);
    CHECK(env.error().message == row.message);
  }
  CHECK(parse_env_file(std::string_view("A=1\nB=\0", 7), "file.env", {}).error().message ==
        "file.env:2: a NUL character; the file must be text in UTF-8");
}

TEST_CASE("an env_file that sets what only the supervisor sets is refused with file and line") {
  for (const protocol::Variable& variable : protocol::kVariables) {
    const std::string name(variable.name);
    if (!protocol::is_reserved(name)) continue;
    for (const std::string prefix : {"", "export ", "  "}) {
      INFO(prefix << name);
      const auto env = parse_env_file("# ours\n\n" + prefix + name + "=x\n", "file.env", {});
      REQUIRE_FALSE(env);
      CHECK(env.error().message ==
            "file.env:3: '" + name + "' is set by the supervisor for each worker; remove it");
    }
  }
  CHECK(parse_env_file("# HOLDFAST_INSTANCE=x\nHOLDFAST_ENV=production\n", "file.env", {}));
}
