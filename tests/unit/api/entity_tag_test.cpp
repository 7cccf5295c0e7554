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

TEST_CASE("If-None-Match with another tag, without one, or malformed means: send it") {
  for (const char* value : {"\"3-ready-b\"", "\"3\"", "3-ready-a", "\"3-ready-a", "w/\"3-ready-a\"",
                            "*, \"3-ready-a\"", "\"a\" \"3-ready-a\"", "\"\"", ","}) {
    INFO(value);
    CHECK(known({value}) == "(none)");
  }
  CHECK_FALSE(none_match({}, "\"3\""));
}

TEST_CASE("If-Match means the versions of its strong tags") {
  CHECK(wanted({}) == "any");
  CHECK(wanted({"*"}) == "any");
  CHECK(wanted({"\"3-ready-18c2f4\""}) == "3 ");
  CHECK(wanted({"\"3-pending-0-gzip\""}) == "3 ");
  CHECK(wanted({"\"12\""}) == "12 ");
  CHECK(wanted({"\"3\", \"4-ready-a\"", "\"5\""}) == "3 4 5 ");
}

TEST_CASE("a weak tag or one of another server names no version") {
  CHECK(wanted({"W/\"3-ready-a\""}).empty());
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
