// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pipeline: the way of one request through the edge. Router first (so that every log line and
// metric knows the route), the middleware chain inward, the handler, the error mapper, the chain
// outward, the server. Every request leaves exactly one response, log line and count, whoever
// answers first: the handler, a guard, or the server that refuses or loses patience.
//
// Threads: handle() and refuse() on the loop's thread. Replies may come from any thread; what
// follows them runs on the loop.

#include "api-worker/edge/router.hpp"
#include "api-worker/middleware/chain.hpp"
#include "api-worker/middleware/error_mapper.hpp"
#include "common/base/clock.hpp"
#include "common/http/server.hpp"

#include <memory>
#include <unordered_map>

namespace holdfast::api {

class Pipeline : public std::enable_shared_from_this<Pipeline> {
 public:
  Pipeline(boost::asio::io_context& io, const Clock& clock, Chain chain, Router router,
           ErrorMapper errors);

  // http::Handler
  void handle(std::shared_ptr<http::Request> request, http::Responder respond);
  // http::RefusalHandler. `request` may be one that a handler still works on (its time is up):
  // then this is that request's one response, and what the handler says later is dropped.
  http::Response refuse(const http::Request& request, const http::Refusal& refusal);

 private:
  struct ActiveRequest {
    Context context;
    const RouteHandler* handler = nullptr;
    std::string_view allow;
    http::Responder respond;
    bool done = false;
  };
  using ActiveRequestPtr = std::shared_ptr<ActiveRequest>;

  void advance(const ActiveRequestPtr& exchange);
  void wait(const ActiveRequestPtr& exchange);
  void dispatch(const ActiveRequestPtr& exchange);
  void finish(const ActiveRequestPtr& exchange, Result<http::Response> result);

  boost::asio::io_context& io_;
  const Clock& clock_;
  Chain chain_;
  Router router_;
  ErrorMapper errors_;
  std::unordered_map<const http::Request*, ActiveRequestPtr> pending_;  // taken and not answered
};

}  // namespace holdfast::api
