// SPDX-License-Identifier: Apache-2.0
#pragma once

// ListenerOptions: what decides whether a listening socket hears its clients, besides shutdown(2):
// a filter of its packets, how far they may have come and how far answers go, the interface; and
// what its connections inherit that stalls or cuts them. Every process that shares the socket can
// set these, for all of them. Not seen are keys of TCP_MD5SIG and TCP-AO, which nobody can read
// back. Left alone is what servers set for good reasons and what makes connections slow at most:
// queue lengths, buffers, TCP_NODELAY, TCP_CORK, TCP_NOTSENT_LOWAT, TCP_DEFER_ACCEPT, keep-alives,
// and TCP_WINDOW_CLAMP, which cannot be taken back from a socket that listens.
//
// Threads: any.

#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace holdfast::net {

class ListenerOptions {
 public:
  // As they are now: of a socket that nobody else has had yet.
  static ListenerOptions of(int listener);

  struct SetBack {
    std::string undone;  // names of options, with ", " between them; empty: none had changed
    std::string stuck;   // those that this process cannot set back
  };
  SetBack set_back(int listener) const;

 private:
  static constexpr std::size_t kNumbers = 11;
  std::array<std::optional<int>, kNumbers> numbers_;  // nothing: not of this kind of socket
};

// How many connections may wait; nothing for a Unix socket.
std::optional<unsigned> backlog_of(int listener);

}  // namespace holdfast::net
