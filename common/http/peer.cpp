// SPDX-License-Identifier: Apache-2.0
#include "common/http/peer.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <cstring>

namespace holdfast::http {
namespace {

std::string text_of(int family, const void* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (::inet_ntop(family, address, text.data(), text.size()) == nullptr) return {};
  return text.data();
}

sockaddr_in6 as_ipv6(const sockaddr_storage& address) {
  sockaddr_in6 copy;
  std::memcpy(&copy, &address, sizeof copy);
  return copy;
}

std::string ip_text(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return text_of(AF_INET, &v4.sin_addr);
  }
  const sockaddr_in6 v6 = as_ipv6(address);
  // ::ffff:a.b.c.d is an IPv4 client on a dual-stack socket.
  if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) return text_of(AF_INET, &v6.sin6_addr.s6_addr[12]);
  return text_of(AF_INET6, &v6.sin6_addr);
}

}  // namespace

Peer peer_from(const sockaddr_storage& address) {
  Peer peer;
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) {
    peer.unix_socket = true;
    return peer;
  }
  peer.address = ip_text(address);
  // sin_port and sin6_port have the same offset.
  sockaddr_in v4;
  std::memcpy(&v4, &address, sizeof v4);
  peer.port = ntohs(v4.sin_port);
  return peer;
}

std::string client_key(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    sockaddr_in6 v6 = as_ipv6(address);
    if (!IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
      std::memset(&v6.sin6_addr.s6_addr[8], 0, 8);
      return text_of(AF_INET6, &v6.sin6_addr) + "/64";
    }
  }
  if (address.ss_family != AF_INET && address.ss_family != AF_INET6) return {};
  return ip_text(address);
}

}  // namespace holdfast::http
