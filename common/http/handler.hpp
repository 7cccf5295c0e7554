// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a program gives a server to do: the handler of requests and the author of refusals.

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

// Makes the response to a request that the parser or a limit refused; the connection closes after
// it. `request` holds what was understood, often nothing.
using RefusalHandler = std::function<Response(const Request& request, const Refusal& refusal)>;

}  // namespace holdfast::http
