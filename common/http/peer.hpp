// SPDX-License-Identifier: Apache-2.0
#pragma once

// Who connected, from the address accept(2) gave. Pure; any thread.

#include "common/http/message.hpp"

#include <sys/socket.h>

#include <string>

namespace holdfast::http {

Peer peer_from(const sockaddr_storage& address);

// What connections are counted by: an IPv4 address, an IPv6 /64 (what one host is commonly given),
// or empty for a Unix socket, whose peers are not told apart.
std::string client_key(const sockaddr_storage& address);

}  // namespace holdfast::http
