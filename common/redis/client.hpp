// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisClient: one connection to a Redis server on an event loop. Commands are pipelined: any
// number may be in flight, and replies arrive in order. It never blocks the loop. It has no
// deadlines: the caller knows how long a command may take, and closes.
//
// hiredis's own asynchronous client is not used: in Debian 12's version it resolves names on the
// caller's thread, and its callbacks may free the context that they are called from.
//
// Threads: the event loop's. Callbacks run there, never inside the call that they were passed to,
// each at most once, and never after close().

#include "common/base/result.hpp"
#include "common/redis/protocol.hpp"
#include "common/redis/tls.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace holdfast::redis {

// A literal address and port, or the path of a Unix socket.
struct Endpoint {
  std::string path;
  std::string address;
  std::uint16_t port = 0;
};

class RedisClient {
 public:
  // `lost` is called once if the connection cannot be established or breaks; no other callback
  // follows it.
  using Lost = std::function<void(const Error& why)>;
  using OnReply = std::function<void(Reply reply)>;

  RedisClient(boost::asio::io_context& io, Lost lost);
  ~RedisClient();  // closes
  RedisClient(const RedisClient&) = delete;

  // `opened` is called once commands can be sent: with `tls`, after its handshake.
  void open(const Endpoint& endpoint, Tls tls, std::function<void()> opened);
  // Only once opened. Commands sent in one iteration of the loop leave in one write.
  void send(const std::vector<std::string>& command, OnReply on_reply);
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::redis
