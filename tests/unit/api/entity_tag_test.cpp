// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/entity_tag.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

http::Headers fields(const std::string& name, const std::vector<std::string>& values) {
  http::Headers headers;
  for (const std::string& value : values)
    headers.add(name, value);
  return headers;
}

std::string known(const std::vector<std::string>& values) {
  return none_match(fields("If-None-Match", values), "\"3-ready-a\"").value_or("(none)");
}

// The versions as text; "any" for no condition, "400" for a field that is no list.
std::string wanted(const std::vector<std::string>& values) {
  const auto versions = if_match(fields("If-Match", values));
  if (!versions) return std::to_string(versions.error().status);
  if (!*versions) return "any";
  std::string text;
  for (const std::int64_t version : **versions)
    text += std::to_string(version) + " ";
  return text;
}

}  // namespace

TEST_CASE("a document's tag tells version, status and time; the content's the version alone") {
  store::Document document;
  document.version = 3;
  document.status = store::DocumentStatus::Ready;
  document.updated_at = 0x18c2f4;
  CHECK(document_tag(document) == "\"3-ready-18c2f4\"");
  CHECK(content_tag(document) == "\"3\"");
}

TEST_CASE("If-None-Match knows the tag in a list, weak or strong, in several lines, compressed") {
  CHECK(known({"\"3-ready-a\""}) == "\"3-ready-a\"");
  CHECK(known({"W/\"3-ready-a\""}) == "\"3-ready-a\"");
  CHECK(known({"\"x\", \"3-ready-a\" , \"y\""}) == "\"3-ready-a\"");
  CHECK(known({"\"x\"", "\"3-ready-a\""}) == "\"3-ready-a\"");
  CHECK(known({"\"3-ready-a-gzip\""}) == "\"3-ready-a-gzip\"");
  CHECK(known({"*"}) == "\"3-ready-a\"");
  CHECK(known({"\"a,b\",\"3-ready-a\""}) == "\"3-ready-a\"");
}

TEST_CASE("empty elements of a list of tags are none, wherever they are") {
  for (const char* list :
       {", {}", ",{}", "{},", "{} , ", ",,\t,{}\t,, ,", "\"x\",,{}", "\t,\t{}"}) {
    const std::string value = fmt::format(fmt::runtime(list), "\"3-ready-a\"");
    INFO(value);
    CHECK(known({value}) == "\"3-ready-a\"");
    CHECK(wanted({value}) == "3 ");
    CHECK_FALSE(check_if_match(fields("If-Match", {value}), "\"3-ready-a\""));
  }
  CHECK(known({"", "\"3-ready-a\"", ""}) == "\"3-ready-a\"");
  CHECK(known({", *"}) == "(none)");  // which is no element
}

TEST_CASE("If-None-Match with another tag, without one, or malformed means: send it") {
  for (const char* value : {"\"3-ready-b\"", "\"3\"", "3-ready-a", "\"3-ready-a", "w/\"3-ready-a\"",
                            "*, \"3-ready-a\"", "\"a\" \"3-ready-a\"", "\"\"", ","}) {
    INFO(value);
    CHECK(known({value}) == "(none)");
  }
  CHECK_FALSE(none_match({}, "\"3\""));
}

TEST_CASE("If-Match means the versions of its tags") {
  CHECK(wanted({}) == "any");
  CHECK(wanted({"*"}) == "any");
  CHECK(wanted({"\"3-ready-18c2f4\""}) == "3 ");
  CHECK(wanted({"\"3-pending-0-gzip\""}) == "3 ");
  CHECK(wanted({"\"12\""}) == "12 ");
  CHECK(wanted({"\"3\", \"4-ready-a\"", "\"5\""}) == "3 4 5 ");
}

TEST_CASE("a tag that a compressing proxy changed still means the same, in either field") {
  // As nginx, Apache 2.4 and before, Jetty and others write them, and two of them behind each
  // other.
  for (const char* suffix : {"", "-gzip", ";gzip", "--gzip", "-br", "--br", ";br", "-zstd",
                             "-deflate", "-gzip-br", "--gzip-gzip"}) {
    for (const char* weak : {"", "W/"}) {
      const auto changed = [&](const char* tag) {
        return fmt::format("{}\"{}{}\"", weak, tag, suffix);
      };
      INFO(changed("3-ready-a"));
      CHECK(wanted({changed("3-ready-a")}) == "3 ");
      CHECK(wanted({changed("3")}) == "3 ");
      CHECK(known({changed("3-ready-a")}) == fmt::format("\"3-ready-a{}\"", suffix));
      CHECK(none_match(fields("If-None-Match", {changed("3")}), "\"3\""));
      CHECK_FALSE(check_if_match(fields("If-Match", {changed("1.0-a")}), "\"1.0-a\""));
    }
  }
  for (const char* tag : {"\"3-ready-agzip\"", "\"3-ready-a-\"", "\"3-ready-a-gzip-\""})
    CHECK(known({tag}) == "(none)");
}

TEST_CASE("If-Match on what has a tag and no versions admits that tag and no other") {
  const auto status = [](const std::vector<std::string>& values) {
    const auto problem = check_if_match(fields("If-Match", values), "\"1.0-a\"");
    return problem ? problem->status : 200;
  };
  CHECK(status({}) == 200);
  CHECK(status({"*"}) == 200);
  CHECK(status({"\"zzz\"", "\"1.0-a\""}) == 200);
  CHECK(status({"\"zzz\""}) == 412);
  CHECK(status({"\"1.0\""}) == 412);
  CHECK(status({"zzz"}) == 400);
  CHECK(status({""}) == 400);
}

TEST_CASE("a write's condition is what both fields say") {
  const auto admitted = [](const http::Headers& headers) {
    const auto condition = write_condition(headers);
    if (!condition) return std::to_string(condition.error().status);
    std::string text;
    for (const std::int64_t version : {1, 2, 3})
      text += condition->admits(version) ? std::to_string(version) + " " : "";
    return text;
  };
  http::Headers both;
  CHECK(admitted(both) == "1 2 3 ");
  both.add("If-Match", "\"1\", \"2-ready-a\"");
  CHECK(admitted(both) == "1 2 ");
  both.add("If-None-Match", "W/\"2-pending-b\"");
  CHECK(admitted(both) == "1 ");
  CHECK(admitted(fields("If-None-Match", {"\"3\""})) == "1 2 ");
  CHECK(admitted(fields("If-None-Match", {"*"})).empty());  // there is a version
  CHECK(admitted(fields("If-None-Match", {"\"other\""})) == "1 2 3 ");
  CHECK(admitted(fields("If-None-Match", {"3"})) == "400");
  CHECK(admitted(fields("If-Match", {"3"})) == "400");
}

TEST_CASE("a tag of another server names no version") {
  CHECK(wanted({"\"abc\""}).empty());
  CHECK(wanted({"\"-3\""}).empty());
  CHECK(wanted({"\"99999999999999999999\""}).empty());
}

TEST_CASE("a malformed If-Match is refused, not ignored") {
  for (const char* value :
       {"3", "\"3", "\"3\" \"4\"", "\"3\";q=1", "*, \"3\"", "", ",", "\"a b\""}) {
    INFO(value);
    CHECK(wanted({value}) == "400");
  }
}
