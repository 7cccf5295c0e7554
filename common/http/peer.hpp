// SPDX-License-Identifier: Apache-2.0
#pragma once

// The peer of a connection, from the address that accept(2) returned. Threads: pure functions.

#include "common/http/message.hpp"

#include <sys/socket.h>

#include <string>

namespace holdfast::http {

Peer peer_from(const sockaddr_storage& address);

// The key by which connections are counted: an IPv4 address, an IPv6 /64 (commonly assigned to one
// host), or empty for a Unix socket, whose peers cannot be distinguished.
std::string client_key(const sockaddr_storage& address);
std::string client_key(const Peer& peer);

// The same for a connection of a Unix socket: the process that opened it.
std::string process_key(int connection);

}  // namespace holdfast::http
