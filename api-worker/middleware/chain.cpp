// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/chain.hpp"

#include <cassert>

// The order, from the outside in (app.cpp builds it):
//
//   envelope   1 request_id         the rest logs and responds with it
//              2 in_flight          for the crash report, if the rest kills this worker
//              3 client_address     the rest may ask for it
//              4 access_log         one line and the metrics, with the final status and size
//              5 security_headers
//              6 cors               preflights end here; errors need its headers too
//              7 cache_control      not on preflights; on errors too
//   guards     8 limits             cheapest refusals first
//              9 rate_limit         without a key
//             10 api_key            the limit of guesses first; then the key's own, then its scope
//   innermost 11 the route's handler
//             12 error_mapper       turns the handler's error into a response, before the way out

namespace holdfast::api {

void Chain::add_envelope(std::unique_ptr<Middleware> middleware) {
  assert(envelope_ == links_.size() && "the envelope encloses the guards");
  links_.push_back(std::move(middleware));
  envelope_ = links_.size();
}

void Chain::add_guard(std::unique_ptr<Middleware> middleware) {
  links_.push_back(std::move(middleware));
}

std::optional<http::Response> Chain::enter(Context& context) const {
  while (context.entered < links_.size() && !context.wait_for) {
    auto response = links_[context.entered++]->on_request(context);
    if (response) return response;
  }
  return {};
}

void Chain::enter_refused(Context& context) const {
  for (context.entered = 0; context.entered < envelope_;) {
    links_[context.entered++]->on_request(context);
  }
}

void Chain::leave(Context& context, http::Response& response) const {
  while (context.entered > 0)
    links_[--context.entered]->on_response(context, response);
}

}  // namespace holdfast::api
