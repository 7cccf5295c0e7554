// SPDX-License-Identifier: Apache-2.0
#include "common/text/json_object.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <random>

using namespace holdfast::text;
using Json = nlohmann::json;

namespace {

bool is_object(std::string_view text) {
  JsonMembers members;
  return scan_json_object(text, members);
}

// What nlohmann's parser says, which reads any value and refuses numbers that no double holds.
bool reference(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  return first != std::string::npos && text[first] == '{' && Json::accept(text);
}

}  // namespace

TEST_CASE("an object is split into its members as they are written") {
  JsonMembers members;
  REQUIRE(
      scan_json_object(R"( {"a" : 1.50 , "b":{"c":[1,{}]},"\u0063":"x\"y" ,"a":null} )", members));
  REQUIRE(members.size() == 4);
  CHECK(members[0].key == "a");
  CHECK(members[0].value == "1.50");
  CHECK_FALSE(members[0].escaped_key);
  CHECK(members[1].value == R"({"c":[1,{}]})");
  CHECK(members[2].key == R"(\u0063)");
  CHECK(members[2].escaped_key);
  CHECK(members[2].value == R"("x\"y")");
  CHECK(members[3].value == "null");
  CHECK(scan_json_object("{ }", members));
  CHECK(members.empty());
}

TEST_CASE("what is an object is decided as by the reference parser") {
  const std::vector<std::string> values{"1",
                                        "0",
                                        "-0",
                                        "-1",
                                        "01",
                                        "-",
                                        "+1",
                                        "1.",
                                        "1.0",
                                        ".5",
                                        "1e3",
                                        "1E+3",
                                        "1e-3",
                                        "1e",
                                        "1e+",
                                        "0x1",
                                        "1_0",
                                        "NaN",
                                        "Infinity",
                                        "true",
                                        "false",
                                        "null",
                                        "True",
                                        "nul",
                                        "nulll",
                                        "undefined",
                                        "'x'",
                                        "\"x\"",
                                        "\"x",
                                        "x\"",
                                        "\"\\n\"",
                                        "\"\\x\"",
                                        "\"\\u12\"",
                                        "\"\\u12G4\"",
                                        "\"\\u1234\"",
                                        "\"\\uD83D\\uDE00\"",
                                        "\"\\uD83D\"",
                                        "\"\\uDE00\"",
                                        "\"\\uD83Dx\"",
                                        "\"\\uD83D\\u0041\"",
                                        "\"\\u0000\"",
                                        "\"\t\"",
                                        "\"\x01\"",
                                        "\"\x7f\"",
                                        "\"\xc3\xa9\"",
                                        "\"\xc3\"",
                                        "\"\xc0\x80\"",
                                        "\"\xed\xa0\x80\"",
                                        "\"\xf0\x9f\x98\x80\"",
                                        "\"\xf5\x80\x80\x80\"",
                                        "\"\xff\"",
                                        "[]",
                                        "[1]",
                                        "[1,]",
                                        "[,1]",
                                        "[1 2]",
                                        "[1",
                                        "1]",
                                        "{}",
                                        "{\"b\":1}",
                                        "{\"b\":1,}",
                                        "{b:1}",
                                        "{\"b\"}",
                                        "{\"b\":}",
                                        "{\"b\"=>1}",
                                        "{\"b\":1]",
                                        "[{\"b\":[{}]}]",
                                        "// x\n1",
                                        "/* x */1",
                                        "",
                                        " ",
                                        "\\"};
  for (const std::string& value : values) {
    for (const std::string& text :
         {"{\"a\":" + value + "}", "{\"a\": " + value + " ,\"b\":1}", "{" + value + ":1}", value,
          "{\"a\":[" + value + "]}", "{\"a\":{\"c\":" + value + "}}", "{\"a\":1}" + value}) {
      INFO(text);
      CHECK(is_object(text) == reference(text));
    }
  }
  for (const char* text : {"{\"user\"=>\"x\"}", "{\"a\":1} {\"b\":2}", "{\"a\":1}\n{\"b\":2}",
                           "\xef\xbb\xbf{\"a\":1}", "{\"a\":1,\"b\"}", "{\"a\" 1}", "{", "}"}) {
    INFO(text);
    CHECK_FALSE(is_object(text));
  }
}

TEST_CASE("random changes to an object are judged as by the reference parser") {
  const std::string seed = R"({"level":30,"t":-1.5e3,"s":"a\"\\\u00e9\ud83d\ude00é","n":null,)"
                           R"("l":[true,false,{"x":{}},[]],"o":{"a":"b"}})";
  const std::string alphabet = "{}[]\",:\\u0123456789abcdefDd.eE+-tfn \t\x01\x80\xc3\xa9\xed\xff";
  std::mt19937 random(20261128);
  const auto below = [&](std::size_t count) {
    return std::uniform_int_distribution<std::size_t>(0, count - 1)(random);
  };
  std::size_t accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = seed;
    for (std::size_t changes = 1 + below(3); changes > 0 && !text.empty(); --changes) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0: text[at] = alphabet[below(alphabet.size())]; break;
        case 1: text.insert(at, 1, alphabet[below(alphabet.size())]); break;
        case 2: text.erase(at, 1 + below(4)); break;
        default: text.insert(at, text.substr(below(text.size()), 1 + below(8))); break;
      }
    }
    if (text.find_first_of("eE") != std::string::npos && text.find("e3") == std::string::npos) {
      continue;  // an exponent beyond a double's is valid JSON, but refused by the reference
    }
    const bool expected = reference(text);
    accepted += expected ? 1 : 0;
    if (is_object(text) != expected) {
      INFO(text);
      REQUIRE(is_object(text) == expected);
    }
  }
  CHECK(accepted > 1000);
}

TEST_CASE("numbers of any size are valid, and nesting is limited") {
  CHECK(is_object(R"({"a":1e999,"b":123456789012345678901234567890})"));
  const auto nested = [](std::size_t depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  CHECK(is_object(nested(kMaxJsonDepth)));
  CHECK_FALSE(is_object(nested(kMaxJsonDepth + 2)));
  CHECK_FALSE(is_object("{\"a\":" + std::string(60'000, '[')));
}

TEST_CASE("the text of a string value is unescaped") {
  CHECK(json_string_value(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")") ==
        "a\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
  CHECK_FALSE(json_string_value("1"));
  CHECK_FALSE(json_string_value("null"));
}

// Strings are read many bytes at a time.
TEST_CASE("what ends or spoils a string is found at each place of it") {
  for (std::size_t length = 0; length < 40; ++length) {
    for (std::size_t place = 0; place <= length; ++place) {
      for (const char* special : {"x", "\"", "\\", "\\n", "\\\"", "\\u00e4", "\x1f", "\x7f",
                                  "\xc3\xa4", "\xc3", "\xff"}) {
        std::string inside(length, 'x');
        inside.insert(place, special);
        for (const std::string& text : {"{\"a\":\"" + inside + "\"}", "{\"" + inside + "\":1}"}) {
          INFO(text);
          REQUIRE(is_object(text) == reference(text));
        }
      }
    }
  }
}
