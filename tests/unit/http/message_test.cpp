// SPDX-License-Identifier: Apache-2.0
#include "common/http/message.hpp"

#include "common/http/list_field.hpp"
#include "common/http/target.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast::http;

namespace {

struct Parsed {
  bool ok = false;
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};

Parsed parse(std::string_view target) {
  Parsed parsed;
  parsed.ok = parse_target(target, parsed.path, parsed.query);
  return parsed;
}

}  // namespace

TEST_CASE("The lines of a list field are one list, and its elements come without blanks") {
  Headers headers;
  CHECK_FALSE(list_field(headers, "X-List"));
  headers.add("X-List", "");
  CHECK(list_field(headers, "X-List") == "");
  headers.add("x-list", "a ,\tb");
  headers.add("X-Other", "z");
  headers.add("X-LIST", "");
  headers.add("X-List", "c,");
  const auto list = list_field(headers, "X-List");
  REQUIRE(list == "a ,\tb, c,");
  std::vector<std::string> elements;
  for (std::string_view rest = *list; !rest.empty();)
    elements.emplace_back(take_element(rest));
  CHECK(elements == std::vector<std::string>{"a", "b", "c"});
}

TEST_CASE("Field names compare without case, the first line wins") {
  Headers headers;
  CHECK(headers.add("X-One", "a"));
  CHECK(headers.add("x-one", "b"));
  REQUIRE(headers.find("X-ONE") != nullptr);
  CHECK(*headers.find("X-ONE") == "a");
  CHECK(headers.count("x-One") == 2);
  CHECK(headers.find("X-Two") == nullptr);
}

TEST_CASE("set() replaces every line of a name and keeps its place") {
  Headers headers;
  headers.add("A", "1");
  headers.add("B", "2");
  headers.add("a", "3");
  CHECK(headers.set("A", "4"));
  REQUIRE(headers.fields().size() == 2);
  CHECK(headers.fields()[0].value == "4");
  CHECK(headers.set("C", "5"));
  CHECK(headers.fields().back().name == "C");
  headers.remove("a");
  CHECK(headers.count("A") == 0);
}

TEST_CASE("set() from a value that is a view into the lines it replaces") {
  Headers headers;
  headers.add("A", "first");
  headers.add("A", "a value long enough to live on the heap, not inside the string");
  const std::string expected = headers.fields()[1].value;
  CHECK(headers.set("A", headers.fields()[1].value));
  CHECK(*headers.find("A") == expected);
}

TEST_CASE("Nothing that could split a message gets into a header") {
  using namespace std::string_view_literals;
  Headers headers;
  for (const auto value : {"a\r\nb"sv, "a\nb"sv, "a\rb"sv, "a\0b"sv, "a\x7f"sv, "\x1b[31m"sv}) {
    CAPTURE(value);
    CHECK_FALSE(headers.add("X", value));
    CHECK_FALSE(headers.set("X", value));
  }
  for (const auto name : {""sv, "a b"sv, "a:"sv, "a\r\nb"sv, "\xc3\xa9"sv, "a\0"sv}) {
    CAPTURE(name);
    CHECK_FALSE(headers.add(name, "v"));
    CHECK_FALSE(headers.set(name, "v"));
  }
  CHECK(headers.fields().empty());
  CHECK(headers.add("X", "tab\tand \xc3\xa9 are fine"));
}

TEST_CASE("A target is split and decoded") {
  const auto parsed = parse("/a%20b/%C3%A9?q=x+y%2B&empty=&flag&&q=2");
  REQUIRE(parsed.ok);
  CHECK(parsed.path == "/a b/\xc3\xa9");
  using Query = std::vector<std::pair<std::string, std::string>>;
  CHECK(parsed.query == Query{{"q", "x y+"}, {"empty", ""}, {"flag", ""}, {"q", "2"}});
  CHECK(parse("/a+b").path == "/a+b");
  CHECK(parse("/").ok);
  CHECK(parse("/...").ok);
  CHECK(parse("/.well-known/x").ok);
}

TEST_CASE("A malformed target is refused") {
  for (const std::string_view target :
       {"",     "a",       "*",     "/%",        "/%4",        "/%zz",
        "/%00", "/?a=%00", "/%ff",  "/%c0%af",   "/%ed%a0%80", "/%f4%90%80%80",
        "/..",  "/a/../b", "/./a",  "/a/.",      "/%2e%2e/a",  "/a%2F..%2Fb",
        "/a#b", "/a b",    "/a\tb", "/?q=%e2%82"}) {
    CAPTURE(target);
    CHECK_FALSE(parse(target).ok);
  }
}

TEST_CASE("The first query value of a name is found") {
  Request request;
  request.query = {{"q", "1"}, {"k", ""}, {"q", "2"}};
  REQUIRE(request.query_value("q") != nullptr);
  CHECK(*request.query_value("q") == "1");
  CHECK(request.query_value("k")->empty());
  CHECK(request.query_value("Q") == nullptr);
}

TEST_CASE("Responses say what they carry") {
  const auto json = Response::json(201, "{}");
  CHECK(json.status == 201);
  CHECK(*json.headers.find("Content-Type") == "application/json");
  const auto text = Response::text(404, "no\n");
  CHECK(*text.headers.find("Content-Type") == "text/plain; charset=utf-8");
  CHECK(reason_phrase(431) == "Request Header Fields Too Large");
  CHECK(reason_phrase(299) == "Unknown");
}
