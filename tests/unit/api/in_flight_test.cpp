// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/in_flight.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;

TEST_CASE("a request is noted by id, method and route while it is answered, and by nothing else") {
  const Fd memory = protocol::make_in_flight_memory().value();
  InFlight middleware(protocol::InFlightTable::map(memory).value());
  auto request = api::test::make_request("GET", "/api/documents/private-id?q=private-text");
  Context context = api::test::make_context(request, "");
  context.request_id = "r-1";
  context.route = "/api/documents/{id}";
  context.started = MonoTime(std::chrono::seconds(7));
  CHECK_FALSE(middleware.on_request(context).has_value());
  CHECK(protocol::read_in_flight(memory.get()).value().entries ==
        std::vector<protocol::InFlightEntry>{{protocol::InFlightKind::Request, "r-1",
                                              "GET /api/documents/{id}",
                                              MonoTime(std::chrono::seconds(7))}});
  http::Response response;
  middleware.on_response(context, response);
  CHECK(protocol::read_in_flight(memory.get()).value().entries.empty());
}

TEST_CASE("a worker that runs alone notes nothing, and answers all the same") {
  InFlight middleware{protocol::InFlightTable()};
  auto request = api::test::make_request("GET", "/");
  Context context = api::test::make_context(request, "");
  CHECK_FALSE(middleware.on_request(context).has_value());
  http::Response response;
  middleware.on_response(context, response);
}
