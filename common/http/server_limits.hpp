// SPDX-License-Identifier: Apache-2.0
#pragma once

// ServerLimits: what one server grants its clients in bytes, time and connections. A value; any
// thread.

#include "common/base/clock.hpp"
#include "common/http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace holdfast::http {

// From this size on a response's body counts in ServerLimits::body_memory.
inline constexpr std::size_t kCountedBody = 32u << 10;

struct ServerLimits {
  std::uint64_t max_header_bytes = 16u << 10;  // 431 beyond
  std::uint64_t max_body_bytes = 1u << 20;     // 413 beyond, by Content-Length or while reading
  // The body limit of one request, given its head; unset: max_body_bytes for every request.
  std::function<std::uint64_t(const Request& head)> body_limit{};
  // Whether bodies in gzip are unfolded as they arrive (inflater.hpp); the limits then hold for
  // what comes out. Otherwise they reach the handler as they are.
  bool gzip_bodies = false;
  // All bodies held at a time: of requests from their arrival until nobody needs them, of responses
  // (kCountedBody and more) until they are taken. 503 beyond. One client's may take as much as they
  // leave free (BodyBudget).
  std::uint64_t body_memory = 128u << 20;
  Duration header_timeout = std::chrono::seconds(10);  // absolute, from the first byte: 408
  // Without a byte of the body, or for all of it plus 1 s per 64 KiB received: 408.
  Duration body_timeout = std::chrono::seconds(10);
  Duration idle_timeout = std::chrono::seconds(60);  // between requests: closed silently
  // Without a byte taken of a response, or for all of it plus 1 s per 64 KiB taken: a client that
  // reads more slowly is cut off.
  Duration write_timeout = std::chrono::seconds(30);
  Duration handler_timeout = std::chrono::seconds(30);  // 503 with Retry-After
  std::uint32_t max_connections = 4096;                 // beyond: 503 with Retry-After, then closed
  std::uint32_t max_connections_per_client = 512;       // by IPv4 address, or IPv6 /64
  // Peers that are many clients, such as a known proxy: their connections are not counted by
  // client.
  std::function<bool(const Peer& peer)> speaks_for_many{};

  // A connection beyond a limit takes the place of one that only waits for its peer: one of the
  // client that has the most, the longest idle first; then of one that sends a body, of event
  // streams, and of clients that do not read their response. Refused only if there is none.
  bool make_room = false;
  // The place of a request that has been handled for longer than this may be taken, too; if this is
  // not max(), then as the last resort also that of a younger one, the oldest first, of the same
  // client or of one that has more connections than the new one's: a flood costs its sender only.
  Duration handling_kept = Duration::max();
  // The connections of a Unix socket are counted by the process that opened them.
  bool count_processes = false;
  // Refused connections that are told so at a time; the rest are closed without a word, so that a
  // flood does not become a flood of answers.
  std::uint32_t max_refusing = 128;
  // How many connections there may be at this moment, if fewer than max_connections.
  std::function<std::size_t()> room{};
  // Whether the handler is to grant a connection less (Peer::restricted). Called once for each,
  // with its descriptor.
  std::function<bool(int connection)> restricts{};
};

}  // namespace holdfast::http
