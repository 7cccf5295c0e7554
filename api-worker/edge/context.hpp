// SPDX-License-Identifier: Apache-2.0
#pragma once

// Context: what is known about one request while it is being answered. Middleware fill it in on
// the way in; handlers and the access log read it.
//
// Threads: written on the event loop's thread until the handler runs; read-only from then on until
// the response is back on that thread. A handler may read it on another thread.

#include "api-worker/edge/trace_context.hpp"
#include "common/base/clock.hpp"
#include "common/http/message.hpp"
#include "common/protocol/in_flight.hpp"
#include "common/rate_limit/decision.hpp"
#include "common/store/types.hpp"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::api {

// Where a request comes from, as far as that can be trusted.
struct Client {
  std::string address;  // the client's, behind trusted proxies; "unix" on a Unix socket
  // `address` is that of a proxy, declared or not, which has named no client: it has its share of
  // limits, and no rights.
  bool hidden = false;
};

// What one rate limit decided about this request.
struct Quota {
  rate_limit::Policy policy;
  std::string key;  // the counted key: an address, an API key's id
  rate_limit::RateDecision decision;
};

// Why the key that a request presented was not accepted: for the log, never for the client.
struct KeyRefusal {
  std::string_view reason;  // "malformed", "unknown", "revoked", "expired"; empty: none was refused
  std::string id;           // of a key that exists
};

struct Context;
using ContextPtr = std::shared_ptr<Context>;
// Resumes a waiting request: with a response that ends it, or nothing. Once, from any thread.
using Resume = std::function<void(std::optional<http::Response>)>;

struct Context {
  std::shared_ptr<const http::Request> request;
  // The request's body, which can be large: for the handler, which may move it out.
  std::string* body = nullptr;
  std::string request_id;
  std::optional<TraceContext> trace;  // as received; empty if none or invalid
  Client client;
  std::vector<Quota> quotas;             // in the order in which they were checked
  std::optional<store::ApiKey> api_key;  // the valid key that the request presented
  KeyRefusal key_refusal;
  std::string_view route = "unmatched";  // the pattern, for labels; points into the router
  std::vector<std::string> path_values;  // what the pattern's {…} matched, in order
  MonoTime started{};
  // Why the server refused it before it was complete; empty: it did not.
  std::string refusal;
  std::size_t entered = 0;  // how many middleware of the chain it has passed
  protocol::InFlightTable::Slot in_flight = protocol::InFlightTable::kNone;
  // Set by a middleware that must wait for something before it lets the request pass. Called once
  // its on_request() has returned nothing.
  std::function<void(const ContextPtr&, Resume)> wait_for;
  // Set once the client has its answer, which may be that it took too long. Null: never.
  const std::atomic<bool>* answered = nullptr;

  // Whether somebody still waits for the answer. Any thread.
  bool is_wanted() const { return answered == nullptr || !*answered; }
};

}  // namespace holdfast::api
