// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/pipeline.hpp"

#include "api-worker/edge/problem.hpp"
#include "api-worker/middleware/rate_limit.hpp"

#include <boost/asio/dispatch.hpp>
#include <boost/asio/io_context.hpp>

namespace holdfast::api {

namespace {

// The memory for bodies is shared by clients: an IPv6 host commonly has a /64 to itself.
constexpr unsigned kIpv6PrefixOfBodies = 64;

http::Response no_such_route(const Context& context, std::string_view allow) {
  // "OPTIONS *" asks whether there is a server (RFC 9110, 9.3.7), not about a path.
  if (context.request->path == "*") allow = "GET, HEAD, POST, PUT, DELETE, OPTIONS";
  if (allow.empty()) return problem_response(context, {404, "There is no such path."});
  http::Response response;
  if (context.request->method == "OPTIONS") {
    response.status = 204;
  } else {
    response = problem_response(context, {405, fmt::format("This path supports only {}.", allow)});
  }
  response.headers.set("Allow", allow);
  return response;
}

}  // namespace

Pipeline::Pipeline(boost::asio::io_context& io, const Clock& clock, Chain chain, Router router,
                   ErrorMapper errors)
    : io_(io),
      clock_(clock),
      chain_(std::move(chain)),
      router_(std::move(router)),
      errors_(std::move(errors)) {}

Pipeline::ActiveRequestPtr Pipeline::begin(std::shared_ptr<http::Request> request,
                                           http::Responder respond) {
  auto exchange = std::make_shared<ActiveRequest>();
  exchange->respond = std::move(respond);
  Context& context = exchange->context;
  context.started = clock_.mono();
  context.answered = &exchange->done;
  Router::Match match = router_.match(request->method, request->path);
  if (!match.route.empty()) context.route = match.route;
  context.path_values = std::move(match.path_values);
  context.body = &request->body;
  context.request = std::move(request);
  exchange->handler = match.handler;
  exchange->check = match.check;
  exchange->path_check = match.path_check;
  exchange->allow = match.allow;
  return exchange;
}

void Pipeline::admit(std::shared_ptr<http::Request> request, http::Admission admission) {
  const auto exchange = begin(std::move(request), std::move(admission.reject));
  exchange->accept = std::move(admission.accept);
  enter(exchange);
}

void Pipeline::handle(std::shared_ptr<http::Request> request, http::Responder respond) {
  const auto admitted = pending_.find(request.get());
  if (admitted == pending_.end()) return enter(begin(std::move(request), std::move(respond)));
  const ActiveRequestPtr exchange = admitted->second;
  exchange->respond = std::move(respond);
  // How long a client takes to send its body says nothing about this service.
  exchange->context.started = clock_.mono() - exchange->spent;
  dispatch(exchange);
}

void Pipeline::enter(const ActiveRequestPtr& exchange) {
  advance(exchange);
  if (!exchange->done) pending_.emplace(exchange->context.request.get(), exchange);
}

void Pipeline::advance(const ActiveRequestPtr& exchange) {
  Context& context = exchange->context;
  if (auto early = chain_.enter(context)) return finish(exchange, std::move(*early));
  if (context.wait_for) return wait(exchange);
  if (exchange->handler == nullptr) {
    return finish(exchange, no_such_route(context, exchange->allow));
  }
  if (*exchange->path_check) {
    if (auto problem = (*exchange->path_check)(context.path_values)) {
      return finish(exchange, problem_response(context, *problem));
    }
  }
  if (*exchange->check) {
    if (auto problem = (*exchange->check)(*context.request)) {
      return finish(exchange, problem_response(context, *problem));
    }
  }
  if (exchange->accept) return accept(exchange);
  dispatch(exchange);
}

void Pipeline::accept(const ActiveRequestPtr& exchange) {
  Context& context = exchange->context;
  exchange->spent = clock_.mono() - context.started;
  exchange->respond = {};
  const auto go_on = std::exchange(exchange->accept, {});
  go_on(rate_limit_key(context.client, kIpv6PrefixOfBodies));
}

void Pipeline::wait(const ActiveRequestPtr& exchange) {
  Context& context = exchange->context;
  const auto ask = std::exchange(context.wait_for, {});
  ask(ContextPtr(exchange, &context), [self = shared_from_this(),
                                       exchange](std::optional<http::Response> response) {
    boost::asio::dispatch(self->io_, [self, exchange, response = std::move(response)]() mutable {
      if (exchange->done) return;  // it has timed out meanwhile
      if (response) return self->finish(exchange, std::move(*response));
      self->advance(exchange);
    });
  });
}

void Pipeline::dispatch(const ActiveRequestPtr& exchange) {
  exchange->handled = true;
  Reply reply = [self = shared_from_this(), exchange](Result<http::Response> result) {
    boost::asio::dispatch(self->io_, [self, exchange, result = std::move(result)]() mutable {
      self->finish(exchange, std::move(result));
    });
  };
  try {
    (*exchange->handler)(ContextPtr(exchange, &exchange->context), std::move(reply));
  } catch (const std::exception& error) {
    const log::ErrText text = log::err_of(error);
    finish(exchange, fail(ErrorKind::Internal, fmt::format("{}: {}", text.type, text.message)));
  }
}

void Pipeline::finish(const ActiveRequestPtr& exchange, Result<http::Response> result) {
  if (exchange->done) return;
  exchange->done = true;
  Context& context = exchange->context;
  pending_.erase(context.request.get());
  http::Response response = result ? std::move(*result) : errors_.map(context, result.error());
  const bool is_large = response.body.size() >= http::kCountedBody && hold_;
  if (is_large && context.request->method != "HEAD" &&
      !hold_(response, rate_limit_key(context.client, kIpv6PrefixOfBodies))) {
    response = problem_response(
        context, {503, "The server is holding too many answers that are not read yet. Try again."});
  }
  chain_.leave(context, response);
  exchange->respond(std::move(response));
}

http::Response Pipeline::refuse(const http::Request& request, const http::Refusal& refusal) {
  const ProblemDetails problem{refusal.status, refusal.detail};
  if (const auto found = pending_.find(&request); found != pending_.end()) {
    const ActiveRequestPtr exchange = found->second;
    pending_.erase(found);
    exchange->done = true;
    if (!exchange->handled) exchange->context.refusal = refusal.detail;
    http::Response response = problem_response(exchange->context, problem);
    chain_.leave(exchange->context, response);
    return response;
  }
  Context context;
  context.started = clock_.mono();
  context.refusal = refusal.detail;
  // Borrowed: the context does not outlive this call.
  context.request = std::shared_ptr<const http::Request>(std::shared_ptr<void>(), &request);
  const Router::Match match = router_.match(request.method, request.path);
  if (!match.route.empty()) context.route = match.route;
  chain_.enter_refused(context);
  http::Response response = problem_response(context, problem);
  chain_.leave(context, response);
  return response;
}

}  // namespace holdfast::api
