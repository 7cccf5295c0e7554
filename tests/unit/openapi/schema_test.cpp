// SPDX-License-Identifier: Apache-2.0
// The validator itself: what it must refuse, or the tests that use it prove nothing.
#include "tests/unit/openapi/schema.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::openapi;
using nlohmann::json;

namespace {

bool fits(const std::string& schema, const std::string& value) {
  const json document = json::parse(R"({"components":{"schemas":{
    "Name":{"type":"string","maxLength":3},
    "Point":{"type":"object","required":["x"],"properties":{"x":{"type":"integer"},
             "name":{"$ref":"#/components/schemas/Name"}}}}}})");
  Schemas schemas(document);
  return schemas.check(json::parse(schema), json::parse(value)).empty();
}

}  // namespace

TEST_CASE("types are told apart, one or several") {
  CHECK(fits(R"({"type":"integer"})", "7"));
  CHECK(fits(R"({"type":"integer"})", "7.0"));
  CHECK_FALSE(fits(R"({"type":"integer"})", "7.5"));
  CHECK(fits(R"({"type":"number"})", "7.5"));
  CHECK_FALSE(fits(R"({"type":"string"})", "7"));
  CHECK(fits(R"({"type":["string","null"]})", "null"));
  CHECK_FALSE(fits(R"({"type":["string","null"]})", "[]"));
  CHECK_FALSE(fits(R"({"type":"object"})", "[]"));
  CHECK_FALSE(fits(R"({"type":"array"})", "{}"));
}

TEST_CASE("values are held to their bounds, patterns and formats") {
  CHECK_FALSE(fits(R"({"minimum":1})", "0"));
  CHECK_FALSE(fits(R"({"maximum":1})", "1.5"));
  CHECK_FALSE(fits(R"({"enum":["a","b"]})", R"("c")"));
  CHECK_FALSE(fits(R"({"const":"a"})", R"("b")"));
  CHECK_FALSE(fits(R"({"minLength":1})", R"("")"));
  CHECK(fits(R"({"minItems":1})", "[0]"));
  CHECK_FALSE(fits(R"({"minItems":1})", "[]"));
  CHECK(fits(R"({"maxLength":1})", R"("é")"));
  CHECK_FALSE(fits(R"({"maxLength":1})", R"("ab")"));
  CHECK_FALSE(fits(R"({"pattern":"^a"})", R"("ba")"));
  CHECK(fits(R"({"format":"uuid"})", R"("303f9765-61f2-4b01-b353-3c17365df1a6")"));
  CHECK_FALSE(fits(R"({"format":"uuid"})", R"("303f9765")"));
  CHECK(fits(R"({"format":"date-time"})", R"("2026-11-23T17:38:47.368Z")"));
  CHECK_FALSE(fits(R"({"format":"date-time"})", R"("2026-13-23T17:38:47Z")"));
  CHECK(fits(R"({"format":"uri-reference"})", R"("about:blank")"));
  CHECK_FALSE(fits(R"({"format":"uri-reference"})", R"("a b")"));
  CHECK_FALSE(fits(R"({"items":{"type":"integer"}})", R"([1,"2"])"));
  CHECK_FALSE(fits(R"({"maxItems":1})", "[1,2]"));
}

TEST_CASE("objects need what is required and have nothing that is not described") {
  const std::string point = R"({"$ref":"#/components/schemas/Point"})";
  CHECK(fits(point, R"({"x":1})"));
  CHECK(fits(point, R"({"x":1,"name":"abc"})"));
  CHECK_FALSE(fits(point, R"({"name":"abc"})"));
  CHECK_FALSE(fits(point, R"({"x":1,"name":"abcd"})"));
  CHECK_FALSE(fits(point, R"({"x":1,"y":2})"));
  CHECK_FALSE(fits(point, "7"));
  CHECK_FALSE(fits(R"({"$ref":"#/components/schemas/Name"})", "{}"));
  CHECK(fits(R"({"type":"object","additionalProperties":true})", R"({"y":2})"));
}

TEST_CASE("a keyword, type, format or reference that is not known is an error, not a pass") {
  CHECK_THROWS(fits(R"({"oneOf":[]})", "1"));
  CHECK_THROWS(fits(R"({"type":"date"})", "1"));
  CHECK_THROWS(fits(R"({"format":"email"})", R"("a")"));
  CHECK_THROWS(fits(R"({"$ref":"#/components/schemas/None"})", "1"));
  CHECK_THROWS(fits(R"({"$ref":"other.json"})", "1"));
}
