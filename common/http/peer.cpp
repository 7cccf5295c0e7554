// SPDX-License-Identifier: Apache-2.0
#include "common/http/peer.hpp"

#include "common/net/ip_address.hpp"

#include <netinet/in.h>

#include <cstring>

namespace holdfast::http {

Peer peer_from(const sockaddr_storage& address) {
  Peer peer;
  const auto ip = net::IpAddress::from_socket(address);
  if (!ip) {
    peer.unix_socket = true;
    return peer;
  }
  peer.address = ip->to_string();
  // sin_port and sin6_port are at the same offset.
  sockaddr_in v4;
  std::memcpy(&v4, &address, sizeof v4);
  peer.port = ntohs(v4.sin_port);
  return peer;
}

namespace {

std::string key_of(const std::optional<net::IpAddress>& ip) {
  if (!ip) return {};
  return ip->is_v4() ? ip->to_string() : ip->network_of(64).to_string() + "/64";
}

}  // namespace

std::string client_key(const sockaddr_storage& address) {
  return key_of(net::IpAddress::from_socket(address));
}

std::string client_key(const Peer& peer) {
  return key_of(net::IpAddress::parse(peer.address));
}

std::string process_key(int connection) {
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return {};
  return "pid " + std::to_string(peer.pid);
}

}  // namespace holdfast::http
