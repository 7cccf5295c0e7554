// SPDX-License-Identifier: Apache-2.0
#pragma once

// Context: what is known about one request while it is being answered. Middleware fill it in on
// the way in; handlers and the access log read it.
//
// Threads: written on the loop's thread before the handler runs, read-only from then on until the
// response comes back to the loop. A handler may carry the pointer to another thread and read.

#include "api-worker/edge/trace_context.hpp"
#include "common/base/clock.hpp"
#include "common/http/message.hpp"
#include "common/rate_limit/decision.hpp"
#include "common/store/types.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::api {

// Where a request comes from, as far as it can be believed.
struct Client {
  std::string address;  // the client's, behind trusted proxies; "unix" on a Unix socket
  // From this host and through no proxy at all: what /internal asks for.
  bool local = false;
  // Forwarding fields came from a peer that is not trusted: `address` is that proxy, not the
  // client, and says nothing about who asks.
  bool hidden = false;
};

// What a rate limit said about this request.
struct Quota {
  rate_limit::Policy policy;
  std::string key;  // what was counted: an address, an API key's id
  rate_limit::RateDecision decision;
};

struct Context;
using ContextPtr = std::shared_ptr<Context>;
// Goes on with a request that waits: with a response to end it, or nothing. Once, from any thread.
using Resume = std::function<void(std::optional<http::Response>)>;

struct Context {
  std::shared_ptr<const http::Request> request;
  // The same request's body, which can be large: for the one handler that takes it.
  std::string* body = nullptr;
  std::string request_id;
  std::optional<TraceContext> trace;  // as received; empty if none or invalid
  Client client;
  std::vector<Quota> quotas;             // in the order in which they were asked
  std::optional<store::ApiKey> api_key;  // that the request showed, if it is good
  std::string_view route = "unmatched";  // the pattern, for labels; points into the router
  std::vector<std::string> path_values;  // what the pattern's {…} matched, in order
  MonoTime started{};
  bool refused = false;     // the server refused it: what follows the head was never understood
  std::size_t entered = 0;  // how many links of the chain saw it on the way in
  // Set by a middleware that has to ask elsewhere before it can let the request pass: started once
  // its on_request() has returned nothing.
  std::function<void(const ContextPtr&, Resume)> wait_for;
};

}  // namespace holdfast::api
