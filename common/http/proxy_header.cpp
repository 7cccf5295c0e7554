// SPDX-License-Identifier: Apache-2.0
#include "common/http/proxy_header.hpp"

#include "common/http/peer.hpp"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace holdfast::http {

namespace {

using State = ProxyHeader::State;

constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr std::size_t kFixed = 16;  // signature, version and command, family, length

unsigned byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::size_t length_at(std::string_view bytes, std::size_t at) {
  return byte_at(bytes, at) << 8 | byte_at(bytes, at + 1);
}

// source address, destination address, source port, destination port: in network byte order.
Peer v4_client(std::string_view addresses) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  std::memcpy(&v4.sin_addr, addresses.data(), 4);
  std::memcpy(&v4.sin_port, addresses.data() + 8, 2);
  std::memcpy(&storage, &v4, sizeof v4);
  return peer_from(storage);
}

Peer v6_client(std::string_view addresses) {
  sockaddr_storage storage{};
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  std::memcpy(&v6.sin6_addr, addresses.data(), 16);
  std::memcpy(&v6.sin6_port, addresses.data() + 32, 2);
  std::memcpy(&storage, &v6, sizeof v6);
  return peer_from(storage);
}

// Extensions are not used, but their lengths must add up.
bool are_extensions(std::string_view bytes) {
  constexpr std::size_t kHead = 3;  // type, length
  while (!bytes.empty()) {
    if (bytes.size() < kHead || bytes.size() - kHead < length_at(bytes, 1)) return false;
    bytes.remove_prefix(kHead + length_at(bytes, 1));
  }
  return true;
}

// Family and transport, and the bytes that their addresses take.
struct Family {
  unsigned code;
  std::size_t bytes;
  Peer (*client)(std::string_view addresses);  // null: no address that could be one here
};
constexpr Family kFamilies[] = {
    {0x00, 0, nullptr},     // UNSPEC
    {0x11, 12, v4_client},  // TCP over IPv4
    {0x12, 12, v4_client},  // UDP over IPv4
    {0x21, 36, v6_client},  // TCP over IPv6
    {0x22, 36, v6_client},  // UDP over IPv6
    {0x31, 216, nullptr},   // Unix stream
    {0x32, 216, nullptr},   // Unix datagram
};

constexpr unsigned kLocal = 0x20;
constexpr unsigned kProxy = 0x21;

ProxyHeader malformed() {
  return {State::Malformed, 0, {}};
}

}  // namespace

ProxyHeader parse_proxy_header(std::string_view bytes) {
  if (!kSignature.starts_with(bytes.substr(0, kSignature.size()))) return malformed();
  if (bytes.size() > 12 && byte_at(bytes, 12) != kLocal && byte_at(bytes, 12) != kProxy) {
    return malformed();
  }
  if (bytes.size() < kFixed) return {};
  const std::size_t length = length_at(bytes, 14);
  if (kFixed + length > kMaxProxyHeader) return malformed();
  if (bytes.size() < kFixed + length) return {};
  ProxyHeader header{State::Complete, kFixed + length, {}};
  // Whatever a LOCAL header has beside its length is to be ignored.
  if (byte_at(bytes, 12) == kLocal) return header;
  const auto* const family =
      std::find_if(std::begin(kFamilies), std::end(kFamilies),
                   [code = byte_at(bytes, 13)](const Family& known) { return known.code == code; });
  const std::string_view rest = bytes.substr(kFixed, length);
  if (family == std::end(kFamilies) || rest.size() < family->bytes) return malformed();
  // Without a family nobody knows where extensions would begin.
  if (family->bytes != 0 && !are_extensions(rest.substr(family->bytes))) return malformed();
  if (family->client != nullptr) header.client = family->client(rest);
  return header;
}

}  // namespace holdfast::http
