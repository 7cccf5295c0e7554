// SPDX-License-Identifier: Apache-2.0
#pragma once

// Notes which requests are being answered, in memory that the supervisor reads if this worker dies
// (common/protocol/in_flight.hpp): the request id, the method and the route. Never the path or the
// query, in which clients may put anything.

#include "api-worker/middleware/middleware.hpp"
#include "common/protocol/in_flight.hpp"

namespace holdfast::api {

class InFlight final : public Middleware {
 public:
  explicit InFlight(protocol::InFlightTable table) : table_(std::move(table)) {}

  std::optional<http::Response> on_request(Context& context) override;
  void on_response(Context& context, http::Response& response) override;

 private:
  protocol::InFlightTable table_;
};

}  // namespace holdfast::api
