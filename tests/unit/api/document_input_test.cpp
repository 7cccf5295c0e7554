// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/document_input.hpp"

#include "api-worker/edge/json_input.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;
using namespace std::string_literals;

namespace {

auto parse(const std::string& type, const std::string& body,
           const std::string& target = "/api/documents") {
  auto request = api::test::make_request("POST", target);
  if (!type.empty()) request->headers.add("Content-Type", type);
  request->body = body;
  return parse_document(*request, body);
}

auto parse_json(const std::string& body) {
  return parse("application/json", body);
}

struct Bad {
  const char* what;
  std::string body;
  int status;
  std::string where;   // the pointer of the first error; empty for a 400
  std::string detail;  // part of that error's text, or of the problem's
};

std::string nested(int levels) {
  const auto n = static_cast<std::size_t>(levels);
  return R"({"content":"c","metadata":{"a":)" + std::string(n, '[') + std::string(n, ']') + "}}";
}

}  // namespace

TEST_CASE("a full JSON document is taken over") {
  const auto document =
      parse_json(R"({"title":"T\u00e9","content":"Some text.","metadata":{"b":[1,2.5],"a":null}})");
  REQUIRE(document);
  CHECK(document->title == "T\xC3\xA9");
  CHECK(document->content == "Some text.");
  CHECK(nlohmann::json::parse(document->metadata) ==
        nlohmann::json::parse(R"({"a":null,"b":[1,2.5]})"));
}

TEST_CASE("numbers keep their values, not the way they are written") {
  const auto document = parse_json(
      R"({"content":"c","metadata":{"max":18446744073709551615,"min":-9223372036854775808,)"
      R"("z":-0,"n":1e2,"d":0.10000000000000000555,"e":1e30}})");
  REQUIRE(document);
  CHECK(document->metadata ==
        R"({"d":0.1,"e":1e+30,"max":18446744073709551615,"min":-9223372036854775808,)"
        R"("n":100.0,"z":0})");
}

TEST_CASE("content is enough: the title is its first line that is not blank") {
  const auto title = [](const std::string& content) {
    const auto document = parse_json(nlohmann::json{{"content", content}}.dump());
    REQUIRE(document);
    CHECK(document->metadata == "{}");
    return document->title;
  };
  CHECK(title("One line") == "One line");
  CHECK(title("\r\n  \t Heading \r\nText") == "Heading");
  std::string long_line;
  for (int i = 0; i < 600; ++i)
    long_line += "\xC3\xA9";
  CHECK(title(long_line) == long_line.substr(0, 1000));  // 500 characters of two bytes
}

TEST_CASE("limits are met exactly") {
  std::string title;
  for (int i = 0; i < 500; ++i)
    title += "\xE2\x82\xAC";
  CHECK(parse_json(nlohmann::json{{"title", title}, {"content", "c"}}.dump()));
  const std::string value(kMaxMetadataBytes - std::string(R"({"a":""})").size(), 'x');
  CHECK(parse_json(R"({"content":"c","metadata":{"a":")" + value + R"("}})"));
  CHECK(parse_json(nested(static_cast<int>(kMaxJsonDepth) - 2)));
  CHECK(parse_json(R"({"content":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\"[[[[[[[[[[[[[[[[["})"));
}

TEST_CASE("every bad document gets its status and says what is wrong and where") {
  const std::string long_title(501, 't');
  const std::string much(kMaxMetadataBytes, 'x');
  const std::vector<Bad> rows{
      {"empty body", "", 400, "", "line 1, column 1"},
      {"no JSON", "hello", 400, "", "line 1, column 1"},
      {"cut short", R"({"content":"c")", 400, "", "line 1, column 15"},
      {"on the third line", "{\n \"content\": \"c\",\n  oops}", 400, "", "line 3, column 3"},
      {"two values", R"({"content":"c"} {})", 400, "", "column 17"},
      {"text behind a NUL", "{\"content\":\"c\"}\n\0more"s, 400, "", "line 2, column 1: a NUL"},
      {"a NUL at the end", "{\"content\":\"c\"}\0"s, 400, "", "line 1, column 16: a NUL"},
      {"a NUL in a string", "{\"content\":\"\0\"}"s, 400, "", "line 1, column 13: a NUL"},
      {"a NUL first", "\0{\"content\":\"c\"}"s, 400, "", "line 1, column 1: a NUL"},
      {"trailing comma", R"({"content":"c",})", 400, "", "column 16"},
      {"invalid UTF-8", "{\"content\":\"a\xFF\"}", 400, "", "UTF-8"},
      {"half a surrogate", R"({"content":"\ud800"})", 400, "", "surrogate"},
      {"a control character", "{\"content\":\"a\nb\"}", 400, "", "control character"},
      {"a number without end", R"({"content":"c","metadata":{"n":1e999}})", 400, "", "1e999"},
      {"too deep", nested(31), 400, "", "nested deeper than 32 levels"},
      {"too deep to recurse", std::string(200'000, '['), 400, "", "line 1, column 33"},
      {"an array", "[]", 422, "#", "must be an object"},
      {"a string", R"("c")", 422, "#", "must be an object"},
      {"nothing in it", "{}", 422, "#/content", "is required"},
      {"content empty", R"({"content":""})", 422, "#/content", "must not be empty"},
      {"content blank", R"({"content":" \n\t\r "})", 422, "#/content", "must not be empty"},
      {"content null", R"({"content":null})", 422, "#/content", "must be a string"},
      {"content a number", R"({"content":5})", 422, "#/content", "must be a string"},
      {"content with NUL", R"({"content":"a\u0000b"})", 422, "#/content", "U+0000"},
      {"title a list", R"({"content":"c","title":[]})", 422, "#/title", "must be a string"},
      {"title with NUL", R"({"content":"c","title":"\u0000"})", 422, "#/title", "U+0000"},
      {"title too long", R"({"content":"c","title":")" + long_title + "\"}", 422, "#/title",
       "at most 500 characters"},
      {"metadata a list", R"({"content":"c","metadata":[]})", 422, "#/metadata",
       "must be an object"},
      {"metadata null", R"({"content":"c","metadata":null})", 422, "#/metadata",
       "must be an object"},
      {"metadata too large", R"({"content":"c","metadata":{"a":")" + much + "\"}}", 422,
       "#/metadata", "at most 16384 bytes"},
      {"metadata with NUL", R"({"content":"c","metadata":{"a":"\\\u0000"}})", 422, "#/metadata",
       "U+0000"},
      {"job a list", R"({"content":"c","job":[]})", 422, "#/job", "must be an object"},
      {"job unknown", R"({"content":"c","job":{"speed":1}})", 422, "#/job/speed",
       "is not an option of a job"},
      {"job priority", R"({"content":"c","job":{"priority":1001}})", 422, "#/job/priority",
       "from 0 to 1000"},
      {"job priority below", R"({"content":"c","job":{"priority":-1}})", 422, "#/job/priority",
       "from 0 to 1000"},
      {"job delay", R"({"content":"c","job":{"delay":"soon"}})", 422, "#/job/delay",
       "must be a duration"},
      {"job delay a number", R"({"content":"c","job":{"delay":5}})", 422, "#/job/delay",
       "must be a duration"},
      {"job timeout", R"({"content":"c","job":{"timeout":"8d"}})", 422, "#/job/timeout",
       "must be a duration"},
      {"job key", R"({"content":"c","job":{"unique_key":""}})", 422, "#/job/unique_key",
       "1 to 200 bytes"},
      {"unknown field", R"({"content":"c","contents":1})", 422, "#/contents",
       "is not a field of a document"},
      {"an odd unknown field", R"({"content":"c","a/b~c d":1})", 422, "#/a~1b~0c%20d",
       "is not a field"},
      {"a name twice", R"({"content":"c","content":"d"})", 422, "#/content",
       "appears more than once"},
      {"a name twice, deeper", R"({"content":"c","metadata":{"a":[{"b":1,"c":{},"b":2}]}})", 422,
       "#/metadata", "repeats the name 'b'"},
      {"a large id", R"({"content":"c","metadata":{"a":[0,{"id":12345678901234567890123}]}})", 422,
       "#/metadata/a/1/id", "send it as a string"},
      {"a large negative number", R"({"content":"c","metadata":{"n":-9223372036854775809}})", 422,
       "#/metadata/n", "beyond 64 bits"},
      {"a large number as priority", R"({"content":"c","job":{"priority":99999999999999999999}})",
       422, "#/job/priority", "beyond 64 bits"},
      {"only zero width", "{\"content\":\"\xE2\x80\x8B\xE2\x81\xA0\xEF\xBB\xBF\"}", 422,
       "#/content", "must not be empty"},
      {"only ideographic space", "{\"content\":\"\xE3\x80\x80 \xC2\xA0\"}", 422, "#/content",
       "must not be empty"},
  };
  for (const Bad& row : rows) {
    INFO(row.what);
    const auto document = parse_json(row.body);
    REQUIRE_FALSE(document);
    const ProblemDetails& problem = document.error();
    INFO(problem.detail);
    CHECK(problem.status == row.status);
    if (row.status == 400) {
      CHECK(problem.errors.empty());
      CHECK(problem.detail.find(row.detail) != std::string::npos);
    } else {
      REQUIRE(problem.errors.size() == 1);
      CHECK(problem.errors[0].pointer == row.where);
      CHECK(problem.errors[0].detail.find(row.detail) != std::string::npos);
    }
  }
}

TEST_CASE("an escaped backslash before u0000 is text, not a NUL") {
  const auto document = parse_json(R"({"content":"c","metadata":{"a":"\\u0000"}})");
  REQUIRE(document);
  CHECK(nlohmann::json::parse(document->metadata)["a"] == "\\u0000");
}

TEST_CASE("all problems of a document are listed at once") {
  const auto document = parse_json(R"({"title":5,"metadata":[],"x":1})");
  REQUIRE_FALSE(document);
  CHECK(document.error().status == 422);
  std::vector<std::string> pointers;
  for (const FieldError& error : document.error().errors)
    pointers.push_back(error.pointer);
  CHECK(pointers == std::vector<std::string>{"#/title", "#/content", "#/metadata", "#/x"});
}

TEST_CASE("plain text is a document too") {
  const auto document = parse("text/plain; charset=UTF-8", "A heading\nand text");
  REQUIRE(document);
  CHECK(document->title == "A heading");
  CHECK(document->content == "A heading\nand text");
  const auto titled = parse("text/plain", "text", "/api/documents?title=My%20title");
  REQUIRE(titled);
  CHECK(titled->title == "My title");
}

TEST_CASE("bad plain text is refused") {
  CHECK(parse("text/plain", "").error().errors.at(0).detail == "must not be empty");
  CHECK(parse("text/plain", "").error().status == 422);
  CHECK(parse("text/plain", "ab\xFF").error().status == 400);
  CHECK(parse("text/plain", "ab\xFF").error().detail == "The body is not valid UTF-8 at byte 2.");
  CHECK(parse("text/plain", std::string("a\0b", 3)).error().status == 422);
  CHECK(parse("text/plain; charset=latin1", "a").error().status == 415);
  const auto titled =
      parse("text/plain", "a", "/api/documents?title=" + std::string(501, 't')).error();
  CHECK(titled.status == 422);
  CHECK(titled.errors.at(0).parameter == "title");
}

TEST_CASE("other content types are refused, parameters and case are not") {
  for (const char* type : {"", "application/xml", "text/html", "application/jsonx", "json",
                           "application/problem+json", "multipart/form-data; boundary=x"}) {
    INFO(type);
    const auto document = parse(type, R"({"content":"c"})");
    REQUIRE_FALSE(document);
    CHECK(document.error().status == 415);
  }
  CHECK(parse("Application/JSON ; charset=utf-8", R"({"content":"c"})"));
  CHECK(parse("text/plain;format=flowed; charset=\"utf-8\"", "text"));
}

TEST_CASE("a charset is what its parameter says, in quotes, escaped, and not inside another one") {
  struct Row {
    const char* parameters;
    bool taken;
  };
  for (const Row& row :
       {Row{"; x=\"a;charset=latin1\"", true}, Row{"; x=\"\\\";charset=latin1\"", true},
        Row{"; charset=\"utf\\-8\"", true}, Row{";charset=utf8", true},
        Row{"; Charset=\"UTF8\" ;x=y", true}, Row{";; charset=us-ascii", true},
        Row{"; x=\"a;b\"; charset=latin1", false}, Row{"; charset=\"latin\\1\"", false},
        Row{"; charset=utf-8x", false}, Row{"; charset=utf-16", false}}) {
    INFO(row.parameters);
    const auto document = parse(std::string("text/plain") + row.parameters, "text");
    CHECK(document.has_value() == row.taken);
    if (!document) CHECK(document.error().status == 415);
    CHECK(parse(std::string("application/json") + row.parameters, R"({"content":"c"})"));
  }
}

TEST_CASE("a whole number is one however it is written, as in JSON Schema") {
  struct Row {
    const char* text;
    std::optional<std::int64_t> number;
  };
  for (const Row& row : {Row{"1", 1}, Row{"1.0", 1}, Row{"1e0", 1}, Row{"100e-2", 1},
                         Row{"-0.0", 0}, Row{"-3.0", -3}, Row{"9223372036854775807", INT64_MAX},
                         Row{"9007199254740992.0", 9007199254740992}, Row{"1.5", {}},
                         Row{"1e99", {}}, Row{"9223372036854775808", {}}, Row{"1e16", {}},
                         Row{"\"1\"", {}}, Row{"true", {}}, Row{"null", {}}}) {
    INFO(row.text);
    CHECK(whole_number(nlohmann::json::parse(row.text)) == row.number);
  }
  const auto document = parse_json(R"({"content":"c","job":{"priority":1.0}})");
  REQUIRE(document);
  CHECK(document->priority == 1);
  CHECK_FALSE(parse_json(R"({"content":"c","job":{"priority":1.5}})"));
}

TEST_CASE("names may recur in different objects") {
  CHECK(parse_json(R"({"content":"c","metadata":{"a":{"a":1},"b":[{"a":1},{"a":2}]}})"));
}

TEST_CASE("a byte order mark is not part of the text") {
  const std::string mark = "\xEF\xBB\xBF";
  const auto plain = parse("text/plain", mark + "Title\nText");
  REQUIRE(plain);
  CHECK(plain->title == "Title");
  CHECK(plain->content == "Title\nText");
  const auto json = parse_json(mark + R"({"content":"c"})");
  REQUIRE(json);
  CHECK(json->content == "c");
  CHECK_FALSE(parse("text/plain", mark));
}

TEST_CASE("a title is the first line that shows anything, without what shows nothing around it") {
  const auto title = [](const std::string& content) {
    const auto document = parse("text/plain", content);
    REQUIRE(document);
    return document->title;
  };
  CHECK(title("\xE2\x80\x8B\n\xE3\x80\x80Heading\xC2\xA0\xE2\x80\x8B\r\nText") == "Heading");
  CHECK(title("old Mac\rline") == "old Mac");
  // In the middle they belong to the text: emoji are joined by them.
  CHECK(title("a\xE2\x80\x8D"
              "b") ==
        "a\xE2\x80\x8D"
        "b");
  const auto blank = parse_json("{\"title\":\"\xE2\x80\x8B\",\"content\":\"First\"}");
  REQUIRE(blank);
  CHECK(blank->title == "First");
}

TEST_CASE("lengths are counted in characters, not bytes") {
  const std::string umlaut = "\xC3\xA4";
  std::string most;
  for (int i = 0; i < 500; ++i)
    most += umlaut;
  CHECK(parse_json(nlohmann::json{{"title", most}, {"content", "c"}}.dump()));
  CHECK_FALSE(parse_json(nlohmann::json{{"title", most + "a"}, {"content", "c"}}.dump()));
}

TEST_CASE("ids are UUIDs without case, or whatever else was asked for") {
  CHECK(document_id("303F9765-61F2-4B01-B353-3C17365DF1A6") ==
        "303f9765-61f2-4b01-b353-3c17365df1a6");
  CHECK(document_id("303F9765-61F2-4B01-B353-3C17365DF1A") ==
        "303F9765-61F2-4B01-B353-3C17365DF1A");
  CHECK(document_id("Some-Name") == "Some-Name");
}
