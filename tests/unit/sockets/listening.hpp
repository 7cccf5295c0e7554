// SPDX-License-Identifier: Apache-2.0
#pragma once

// Listeners as they are configured, and whether clients reach them.

#include "common/config/config.hpp"
#include "common/net/address.hpp"
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"

#include <sys/socket.h>

#include <map>
#include <string>

namespace holdfast::supervisor::sockets::test {

using Wanted = std::map<std::string, config::Listen>;

inline config::Listen on(const std::string& address, std::uint32_t backlog) {
  config::Listen listen;
  listen.address = address;
  listen.backlog = backlog;
  return listen;
}

// Whether a client can connect and is accepted through `listener`.
inline bool takes_connections(int listener, const std::string& address) {
  const auto parsed = net::parse_listen_address(address);
  REQUIRE(parsed);
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&storage), &size) == 0);
  const Fd client(::socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(client.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0) return false;
  return static_cast<bool>(Fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC)));
}

}  // namespace holdfast::supervisor::sockets::test
