// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/embed_job.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::queue;

TEST_CASE("a payload names the document and may name the request") {
  const auto full = parse_payload(R"({"document_id":"d","request_id":"r","version":3})");
  REQUIRE(full);
  CHECK(full->document_id == "d");
  CHECK(full->request_id == "r");
  const auto bare = parse_payload(R"({"document_id":"d"})");
  REQUIRE(bare);
  CHECK(bare->request_id.empty());
}

TEST_CASE("a payload without a document is refused") {
  for (const std::string payload : {"", "{", "[]", "\"d\"", "{}", R"({"document_id":""})",
                                    R"({"document_id":7})", R"({"request_id":"r"})"}) {
    CAPTURE(payload);
    const auto parsed = parse_payload(payload);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::InvalidArgument);
  }
}
