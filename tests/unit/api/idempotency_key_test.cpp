// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/idempotency_key.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

std::string read(const std::vector<std::string>& values) {
  http::Headers headers;
  for (const std::string& value : values)
    headers.add("Idempotency-Key", value);
  const auto key = read_idempotency_key(headers);
  if (!key) return std::to_string(key.error().status);
  return key->value_or("(none)");
}

std::string print(const std::string& title, const std::string& content,
                  const std::string& metadata) {
  store::NewDocument document;
  document.title = title;
  document.content = content;
  document.metadata = metadata;
  return fingerprint(document);
}

}  // namespace

TEST_CASE("a key is a quoted string or the bare word, and both name the same key") {
  CHECK(read({}) == "(none)");
  CHECK(read({"\"8e03978e-40d5-43dd-bc93-6894a57f9324\""}) ==
        "8e03978e-40d5-43dd-bc93-6894a57f9324");
  CHECK(read({"8e03978e-40d5-43dd-bc93-6894a57f9324"}) == "8e03978e-40d5-43dd-bc93-6894a57f9324");
  CHECK(read({"\"a\\\"b\\\\c\""}) == "a\"b\\c");
  CHECK(read({std::string(255, 'k')}) == std::string(255, 'k'));
}

TEST_CASE("what is no key is refused: empty, too long, blanks, two lines, bad quoting") {
  CHECK(read({""}) == "400");
  CHECK(read({"\"\""}) == "400");
  CHECK(read({std::string(256, 'k')}) == "400");
  CHECK(read({"a b"}) == "400");
  CHECK(read({"k\xC3\xA9y"}) == "400");
  CHECK(read({"\"a"}) == "400");
  CHECK(read({"\""}) == "400");
  CHECK(read({"\"a\"b\""}) == "400");
  CHECK(read({"\"a\\n\""}) == "400");
  CHECK(read({"\"a\\\""}) == "400");
  CHECK(read({"a", "b"}) == "400");
}

TEST_CASE("parameters of a quoted key are part of its field and not of the key") {
  for (const char* parameters :
       {";p=1", ";p", "; p=tok/en", ";a=1;  b=\"x;\\\"y\";*c=:aGk=:", ";p=?1", ";p=-1.5"}) {
    INFO(parameters);
    CHECK(read({std::string("\"abc\"") + parameters}) == "abc");
  }
  for (const char* garbage :
       {";", ";P=1", ";p=", ";p=\"", " ;p", ",\"d\"", ";p=1 x", "x", ";1=a"}) {
    INFO(garbage);
    CHECK(read({std::string("\"abc\"") + garbage}) == "400");
  }
  CHECK(read({"abc;p=1"}) == "abc;p=1");  // a bare word has none
}

TEST_CASE("the fingerprint changes with each part, and with where one ends and the next begins") {
  const std::string base = print("t", "c", "{}");
  CHECK(base.size() == 64);
  CHECK(base == print("t", "c", "{}"));
  CHECK(base != print("u", "c", "{}"));
  CHECK(base != print("t", "d", "{}"));
  CHECK(base != print("t", "c", "{\"a\":1}"));
  CHECK(print("ab", "c", "") != print("a", "bc", ""));
}
