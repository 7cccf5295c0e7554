// SPDX-License-Identifier: Apache-2.0
#pragma once

// Chain: the middleware in order. There are two kinds:
// - the envelope provides what every response has (request id, log line, security headers),
//   also for requests that the server refused before they were complete;
// - guards decide whether a request may reach its handler, and see complete requests only.
// The envelope encloses the guards.
//
// Threads: built before serving; then the event loop's thread only.

#include "api-worker/middleware/middleware.hpp"

#include <memory>
#include <vector>

namespace holdfast::api {

class Chain {
 public:
  // The envelope first, from the outside in, then the guards.
  void add_envelope(std::unique_ptr<Middleware> middleware);
  void add_guard(std::unique_ptr<Middleware> middleware);

  // The way in, continued from where it stopped. Returns a response if a middleware ends the
  // request; leave() must follow in any case. Nothing, with context.wait_for set: wait, then enter
  // again.
  std::optional<http::Response> enter(Context& context) const;
  // The way in of a refused request: the envelope alone; a response from it is ignored.
  void enter_refused(Context& context) const;
  // The way out, from the inside, through the middleware that were entered.
  void leave(Context& context, http::Response& response) const;

 private:
  std::vector<std::unique_ptr<Middleware>> links_;
  std::size_t envelope_ = 0;  // number of links in the envelope
};

}  // namespace holdfast::api
