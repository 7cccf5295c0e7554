// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pipeline: the path of one request through the edge. The router first (so that every log line and
// metric has the route), the middleware chain inward, what the route refuses by the head alone, the
// body, the handler, the error mapper, the chain outward, the server. Every request yields exactly
// one response, log line and count, whoever answers first: the handler, a guard, or the server that
// refuses it or times out.
//
// A request with a body passes in two steps: all but the handler at the end of its head (admit), so
// that nobody sends a body only to be refused; the handler once the body is here (handle).
//
// Threads: admit(), handle() and refuse() on the event loop's thread. Replies may come from any
// thread; what follows them runs on the event loop.

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

  // Whether there is memory for a large answer to this client until it is taken
  // (http::Server::hold).
  using Hold = std::function<bool(http::Response& response, const std::string& client)>;
  void hold_answers_by(Hold hold) { hold_ = std::move(hold); }

  // http::Gate
  void admit(std::shared_ptr<http::Request> request, http::Admission admission);
  // http::Handler
  void handle(std::shared_ptr<http::Request> request, http::Responder respond);
  // http::RefusalHandler. `request` may be one that a handler is still working on, if it timed out:
  // then this is that request's response, and the handler's later reply is dropped.
  http::Response refuse(const http::Request& request, const http::Refusal& refusal);

 private:
  struct ActiveRequest {
    Context context;
    const RouteHandler* handler = nullptr;
    const HeadCheck* check = nullptr;
    const PathCheck* path_check = nullptr;
    std::string_view allow;
    std::function<void(std::string client)> accept;  // set at the gate: the body is not here yet
    http::Responder respond;
    bool handled = false;  // the handler has been called
    Duration spent{};      // at the gate
    std::atomic<bool> done{false};
  };
  using ActiveRequestPtr = std::shared_ptr<ActiveRequest>;

  ActiveRequestPtr begin(std::shared_ptr<http::Request> request, http::Responder respond);
  void enter(const ActiveRequestPtr& exchange);
  void advance(const ActiveRequestPtr& exchange);
  void accept(const ActiveRequestPtr& exchange);
  void wait(const ActiveRequestPtr& exchange);
  void dispatch(const ActiveRequestPtr& exchange);
  void finish(const ActiveRequestPtr& exchange, Result<http::Response> result);

  boost::asio::io_context& io_;
  const Clock& clock_;
  Chain chain_;
  Router router_;
  ErrorMapper errors_;
  Hold hold_;
  std::unordered_map<const http::Request*, ActiveRequestPtr>
      pending_;  // accepted and not answered yet
};

}  // namespace holdfast::api
