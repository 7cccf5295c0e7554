// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who connected, from the address that accept(2) returned. Threads: pure functions.

#include "common/http/message.hpp"

#include <sys/socket.h>

#include <string>

namespace holdfast::http {

Peer peer_from(const sockaddr_storage& address);

// What connections are counted by: an IPv4 address, an IPv6 /64 (the usual share of one host), or
// empty for a Unix socket, whose peers cannot be told apart.
std::string client_key(const sockaddr_storage& address);

}  // namespace holdfast::http
