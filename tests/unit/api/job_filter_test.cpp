// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/job_filter.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

http::Request with_json() {
  http::Request request;
  request.headers.add("Content-Type", "application/json");
  return request;
}

}  // namespace

TEST_CASE("the names of queues and kinds are 1 to 100 bytes that both engines can hold") {
  const std::string longest(100, 'n');
  for (const char* const member : {"queue", "kind"}) {
    const auto queue_name = [&](const std::string& value) {
      return read_queue_name(with_json(), std::string("{\"") + member + "\":" + value + "}");
    };
    const auto bulk = [&](const std::string& value) {
      return read_bulk_change(with_json(),
                              std::string(R"({"action":"retry",")") + member + "\":" + value + "}");
    };
    CAPTURE(member);
    CHECK(queue_name('"' + longest + '"'));
    CHECK(bulk('"' + longest + '"'));
    for (const std::string& wrong :
         {std::string(R"("")"), '"' + longest + "n\"", std::string(R"("a\u0000b")"),
          std::string("7"), std::string("null")}) {
      CAPTURE(wrong);
      CHECK(queue_name(wrong).error().status == 422);
      CHECK(bulk(wrong).error().status == 422);
    }
  }
}

TEST_CASE("a job that is named several times is one job") {
  const auto bulk = read_bulk_change(with_json(), R"({"action":"retry","ids":[99,1,1,1]})");
  REQUIRE(bulk);
  CHECK(bulk->change.filter.ids == std::vector<std::int64_t>{1, 99});
}
