// SPDX-License-Identifier: Apache-2.0
#pragma once

// Chain: the middleware in their order. Two kinds:
// - the envelope gives every response what every response has (request id, log line, security
//   headers), also those to requests that the server refused before they were whole;
// - guards decide whether a request may reach its handler, and see whole requests only.
// The envelope lies around the guards.
//
// Threads: built before serving; then the loop's thread only.

#include "api-worker/middleware/middleware.hpp"

#include <memory>
#include <vector>

namespace holdfast::api {

class Chain {
 public:
  // The envelope first, from the outside in, then the guards.
  void add_envelope(std::unique_ptr<Middleware> middleware);
  void add_guard(std::unique_ptr<Middleware> middleware);

  // The way in, on from where it was. A response if a link answered early; leave() must follow in
  // any case. Nothing with context.wait_for set: do that, then enter again.
  std::optional<http::Response> enter(Context& context) const;
  // The way in of a refused request: the envelope alone, and what it answers is not used.
  void enter_refused(Context& context) const;
  // The way out, from the inside, through the links that were entered.
  void leave(Context& context, http::Response& response) const;

 private:
  std::vector<std::unique_ptr<Middleware>> links_;
  std::size_t envelope_ = 0;  // the first so many links
};

}  // namespace holdfast::api
