// SPDX-License-Identifier: Apache-2.0
#pragma once

// RedisClient: one connection to a Redis, driven by the loop it lives on. Commands are pipelined:
// any number may be under way, and replies come in their order. It never blocks the loop, and it
// has no deadlines of its own: whoever sends a command knows how long it may take, and closes.
//
// hiredis's own asynchronous client is not used: in the version that Debian 12 has it resolves
// names on the caller's thread, and its callbacks may free the context that they are called from.
//
// Threads: the loop's. Callbacks run on it, never from inside the call that they were given to,
// each once unless close() came first: after close() there are none.

#include "common/base/result.hpp"
#include "common/redis/protocol.hpp"

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
  // `lost` is called once when the connection cannot be made or ends by itself; nothing is called
  // after it.
  using Lost = std::function<void(const Error& why)>;
  using OnReply = std::function<void(Reply reply)>;

  RedisClient(boost::asio::io_context& io, Lost lost);
  ~RedisClient();  // closes
  RedisClient(const RedisClient&) = delete;

  void open(const Endpoint& endpoint, std::function<void()> opened);
  // Once opened. What is sent in one turn of the loop goes out in one write.
  void send(const std::vector<std::string>& command, OnReply on_reply);
  void close();

 private:
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace holdfast::redis
