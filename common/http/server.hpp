// SPDX-License-Identifier: Apache-2.0
#pragma once

// Server: HTTP/1.1 on inherited listening sockets (TCP or Unix), on one io_context run by one
// thread. It owns its connections and enforces every limit of ServerLimits before a handler sees a
// byte.
//
// Threads: construct, listen, drain, stats and destroy on the thread that runs the io_context,
// which outlives the server. The Responder given to a handler may be called from any thread, once,
// also after the server is gone; if it is dropped without a call, the client gets a 500.
//
// Protocol: RFC 9112. HTTP/1.0 connections close after one response. Refused with 400: bare LF,
// obs-fold, space before a colon, missing or second Host, Content-Length with Transfer-Encoding or
// twice, control characters, malformed targets; 414: a target beyond 8 KiB; 431: more than 100
// fields; 501: a transfer coding other than chunked; 505: a version other than 1.0 and 1.1; 417: an
// expectation other than 100-continue.

#include "common/base/result.hpp"
#include "common/http/handler.hpp"
#include "common/http/server_limits.hpp"
#include "common/http/server_stats.hpp"
#include "common/os/fd.hpp"

#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace holdfast::http {

class Server {
 public:
  // Without a gate, every body within the limits is read.
  Server(boost::asio::io_context& io, ServerLimits limits, Handler handler, RefusalHandler refuse,
         Gate gate = {});
  ~Server();  // closes every connection at once
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Peers that begin each connection with a PROXY protocol v2 header, which says who the client
  // is. A connection of theirs that begins otherwise is closed without an answer. Empty: nobody.
  using ProxyPeers = std::function<bool(const Peer& peer)>;

  // Accepts on a listening socket. Owns this descriptor only, and never shuts the shared socket
  // down: other processes continue to accept.
  Result<void> listen(Fd listener, ProxyPeers proxies = {});

  // Accepts what waits in the backlog and stops accepting; closes idle connections; answers
  // requests in flight with `Connection: close`; calls `done` from the io_context once no
  // connection is left. A connection whose last response was sent within 250 ms has the rest of
  // that time to send its next request, so that it is told to close.
  void drain(std::function<void()> done);
  bool draining() const;

  // Counts a large body of a response in ServerLimits::body_memory as this client's until it is
  // taken. False: there is no room, and a 503 belongs in its place. For a handler that has to know
  // what its client gets; the others' responses are counted when they are sent.
  bool hold(Response& response, const std::string& client);

  ServerStats stats() const;

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::http
