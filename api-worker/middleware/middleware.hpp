// SPDX-License-Identifier: Apache-2.0
#pragma once

// Middleware: one concern of the HTTP edge, around every request. Each has its own file, with its
// rules at the top; chain.cpp gives their order and the reasons for it.
//
// Threads: all methods run on the event loop's thread.

#include "api-worker/edge/context.hpp"
#include "common/http/message.hpp"

#include <optional>

namespace holdfast::api {

class Middleware {
 public:
  virtual ~Middleware() = default;

  // On the way in. A response ends the request here. A guard that must wait for something sets
  // context.wait_for and returns nothing.
  virtual std::optional<http::Response> on_request(Context&) { return {}; }

  // On the way out, for every request that came in through here.
  virtual void on_response(Context&, http::Response&) {}
};

}  // namespace holdfast::api
