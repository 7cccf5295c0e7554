// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/passed_address.hpp"

#include "common/net/address.hpp"
#include "common/net/ip_address.hpp"
#include "common/os/file_id.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::sockets {

namespace {

using net::ListenAddress;

// A link-local address is bound with its zone, which a configuration does not name.
std::optional<ListenAddress> parse_bound(std::string_view bound) {
  std::string text(bound);
  const std::size_t zone = text.find('%');
  const std::size_t bracket = text.find(']');
  if (text.starts_with('[') && zone < bracket && bracket != std::string::npos)
    text.erase(zone, bracket - zone);
  const auto parsed = net::parse_listen_address(text);
  if (!parsed) return std::nullopt;
  return *parsed;
}

bool is_wildcard(const ListenAddress& address, std::string_view wildcard) {
  return net::IpAddress::parse(address.host) == net::IpAddress::parse(wildcard);
}

// "/var/run/web.sock" and "/run/web.sock" are the same file.
bool same_path(const std::filesystem::path& one, const std::filesystem::path& other) {
  if (one.lexically_normal() == other.lexically_normal()) return true;
  const auto id = file_id(one);
  return id && id == file_id(other);
}

bool is_v6_only(int socket) {
  int only = 0;
  socklen_t size = sizeof only;
  return ::getsockopt(socket, IPPROTO_IPV6, IPV6_V6ONLY, &only, &size) == 0 && only != 0;
}

}  // namespace

bool listens_at(int socket, std::string_view bound, std::string_view configured) {
  const auto passed = parse_bound(bound);
  const auto wanted = net::parse_listen_address(configured);
  if (!passed || !wanted) return true;
  const bool is_unix = passed->kind == ListenAddress::Kind::Unix;
  if (is_unix != (wanted->kind == ListenAddress::Kind::Unix)) return false;
  if (is_unix) return same_path(passed->path, wanted->path);
  if (wanted->port != 0 && wanted->port != passed->port) return false;
  if (is_wildcard(*passed, "::")) {
    const bool v4 = is_wildcard(*wanted, "0.0.0.0");
    return (v4 || is_wildcard(*wanted, "::")) && !is_v6_only(socket);
  }
  return net::IpAddress::parse(passed->host) == net::IpAddress::parse(wanted->host);
}

std::string describe_passed(int socket, std::string_view bound) {
  const auto passed = parse_bound(bound);
  const bool v6_only = passed && is_wildcard(*passed, "::") && is_v6_only(socket);
  return fmt::format("'{}'{}", bound, v6_only ? " (IPv6 only)" : "");
}

}  // namespace holdfast::supervisor::sockets
