// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a program gives a server to do: the gate and the handler of requests, and the author of
// refusals.

#include "common/http/message.hpp"
#include "common/http/refusal.hpp"

#include <functional>
#include <memory>

namespace holdfast::http {

// Sends the response to one request. Any thread; copies share one call, later ones do nothing.
// Dropped without a call, the client gets a 500.
using Responder = std::function<void(Response)>;

// Runs on the thread of the server's io_context. Once it has returned it must not change the
// request's head: the server reads it when it has to refuse in the handler's place (500, 503).
using Handler = std::function<void(std::shared_ptr<Request> request, Responder respond)>;

// The gate's decision about a request with a body. Exactly one of the two counts, the first that is
// called; from any thread. Dropped without a call, the client gets a 500.
struct Admission {
  // The body is read, and the handler called once it is complete. `client`: whose share of the
  // memory for bodies it takes (see BodyBudget); empty: the connection's peer's.
  std::function<void(std::string client)> accept;
  // Sent instead. Not a byte of the body is asked for.
  Responder reject;
};

// Decides about a request with a body at the end of its head, before the body is read and before
// "100 Continue" is sent. `request` is the one that the handler gets, without its body yet. If the
// body then does not arrive, the RefusalHandler is called for that request. Thread: as Handler.
using Gate = std::function<void(std::shared_ptr<Request> request, Admission admission)>;

// Makes the response to a request that the parser or a limit refused; the connection closes after
// it. `request` holds what was understood, often nothing.
using RefusalHandler = std::function<Response(const Request& request, const Refusal& refusal)>;

}  // namespace holdfast::http
