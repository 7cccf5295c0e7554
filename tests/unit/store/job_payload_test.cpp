// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_payload.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::store;

TEST_CASE("a payload names the document and may name the request") {
  const auto full = parse_job_payload(R"({"document_id":"d","request_id":"r","version":3})");
  REQUIRE(full);
  CHECK(full->document_id == "d");
  CHECK(full->request_id == "r");
  const auto bare = parse_job_payload(R"({"document_id":"d"})");
  REQUIRE(bare);
  CHECK(bare->request_id.empty());
}

TEST_CASE("a payload without a document is refused") {
  for (const std::string payload : {"", "{", "[]", "\"d\"", "{}", R"({"document_id":""})",
                                    R"({"document_id":7})", R"({"request_id":"r"})"}) {
    CAPTURE(payload);
    const auto parsed = parse_job_payload(payload);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::InvalidArgument);
  }
}

TEST_CASE("what is written with a document is what the queue worker reads") {
  NewDocument document;
  document.id = "d \"1\"";
  document.request_id = "request\n2";
  document.traceparent = "00-1-2-01";
  const std::string json = make_job_payload(document, 7);
  CHECK_THAT(json, Catch::Contains(R"("version":7)") && Catch::Contains("00-1-2-01"));
  const auto parsed = parse_job_payload(json);
  REQUIRE(parsed);
  CHECK(parsed->document_id == document.id);
  CHECK(parsed->request_id == document.request_id);
}

TEST_CASE("an id that is not valid UTF-8 does not keep a document from being stored") {
  NewDocument document;
  document.id = "d";
  document.request_id = "\xff";
  CHECK(parse_job_payload(make_job_payload(document, 1)));
}
