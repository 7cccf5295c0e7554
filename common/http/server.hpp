// SPDX-License-Identifier: Apache-2.0
#pragma once

// Server: HTTP/1.1 on inherited listening sockets (TCP or Unix), on one io_context run by one
// thread. It owns its connections and enforces every limit of Limits before a handler sees a byte.
//
// Threads: construct, listen, drain, stats and destroy on the thread that runs the io_context,
// which outlives the server. The Responder given to a handler may be called from any thread, once,
// also after the server is gone; if it is dropped without a call, the client gets a 500.
//
// Protocol: RFC 9112. HTTP/1.0 is answered and closed. Refused with 400: bare LF, obs-fold, space
// before a colon, missing or second Host, Content-Length with Transfer-Encoding or twice, control
// characters, malformed targets; 414: a target beyond 8 KiB; 431: more than 100 fields; 501: a
// transfer coding other than chunked; 505: a version other than 1.0 and 1.1; 417: an expectation
// other than 100-continue.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"
#include "common/os/fd.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace holdfast::http {

struct Limits {
  std::uint64_t max_header_bytes = 16u << 10;  // 431 beyond
  std::uint64_t max_body_bytes = 1u << 20;     // 413 beyond, by Content-Length or while reading
  // The body limit of one request, known from its head; unset: max_body_bytes for all.
  std::function<std::uint64_t(const Request& head)> body_limit{};
  // All bodies of one server at a time, from their arrival to their answers: 503 beyond.
  std::uint64_t body_memory = 128u << 20;
  Duration header_timeout = std::chrono::seconds(10);  // absolute, from the first byte: 408
  // Plus 1 s per 64 KiB announced (chunked: received): 408.
  Duration body_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(60);  // between requests: closed silently
  // Plus 1 s per 64 KiB of the answer: a reader this slow is cut off.
  Duration write_timeout = std::chrono::seconds(30);
  Duration handler_timeout = std::chrono::seconds(30);  // 503 with Retry-After
  std::uint32_t max_connections = 4096;                 // beyond: 503 with Retry-After, then closed
  std::uint32_t max_connections_per_client = 512;       // by IPv4 address, or IPv6 /64
};

// Sends the response to one request. Move-only in spirit: copies share the one shot.
using Responder = std::function<void(Response)>;
// Runs on the io_context's thread. After it has returned, the request's head is to be left as it
// is: the server reads it when it has to refuse in the handler's place (500, 503).
using Handler = std::function<void(std::shared_ptr<Request> request, Responder respond)>;

// A request that never became one: what the parser or a limit refused. `request` holds what was
// understood (often nothing). The result is what the client gets; the connection closes after it.
struct Refusal {
  int status = 400;
  std::string detail;  // for the client: what is wrong
};
using RefusalHandler = std::function<Response(const Request& request, const Refusal& refusal)>;

struct ServerStats {
  std::uint64_t connections_open = 0;
  std::uint64_t connections_total = 0;
  std::uint64_t requests_in_flight = 0;
  std::uint64_t requests_total = 0;
};

class Server {
 public:
  Server(boost::asio::io_context& io, Limits limits, Handler handler, RefusalHandler refuse);
  ~Server();  // closes every connection at once
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Accepts on a listening socket; takes ownership of this descriptor only (never shuts the
  // shared socket down: other processes go on accepting).
  Result<void> listen(Fd listener);

  // Accepts what waits in the backlog and stops accepting, closes idle connections, answers what is
  // in flight with `Connection: close`; calls `done` from the io_context once no connection is
  // left. A connection that was answered in the last 250 ms gets what remains of them to send its
  // next request and be told to close.
  void drain(std::function<void()> done);
  bool draining() const;

  ServerStats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::http
