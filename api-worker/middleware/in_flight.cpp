// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/in_flight.hpp"

namespace holdfast::api {

std::optional<http::Response> InFlight::on_request(Context& context) {
  context.in_flight = table_.begin(protocol::InFlightKind::Request, context.request_id,
                                   context.request->method, context.route, context.started);
  return {};
}

void InFlight::on_response(Context& context, http::Response&) {
  table_.end(context.in_flight);
}

}  // namespace holdfast::api
