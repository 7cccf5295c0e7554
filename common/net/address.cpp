// SPDX-License-Identifier: Apache-2.0
#include "common/net/address.hpp"

#include "common/net/host_port.hpp"
#include "common/net/ip_address.hpp"
#include "common/text/number.hpp"

namespace holdfast::net {

Result<void> check_unix_path(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'unix:{}' must name an absolute path", path));
  }
  if (path.size() > kMaxUnixPath) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'unix:{}' is longer than the {} bytes that the path of a Unix socket "
                            "may have",
                            path, kMaxUnixPath));
  }
  return {};
}

Result<ListenAddress> parse_listen_address(std::string_view text) {
  constexpr std::string_view kUnix = "unix:";
  ListenAddress out;
  if (text.starts_with(kUnix)) {
    const std::string_view path = text.substr(kUnix.size());
    HOLDFAST_TRY(check_unix_path(path));
    out.kind = ListenAddress::Kind::Unix;
    out.path = path;
    return out;
  }
  const auto malformed = [text] {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not an address to listen on: write \"0.0.0.0:3000\", "
                            "\"[::]:3000\" or \"unix:/path\"",
                            text));
  };
  const auto parts = split_host_port(text);
  if (!parts || !parts->port) return malformed();
  const auto port = text::parse_number<std::uint16_t>(*parts->port);
  const bool is_localhost = parts->host == "localhost" && !parts->bracketed;
  const std::string_view host = is_localhost ? "127.0.0.1" : parts->host;
  const bool is_v6 = host.find(':') != std::string_view::npos;
  if (!port || !IpAddress::parse(host) || is_v6 != parts->bracketed) return malformed();
  out.kind = is_v6 ? ListenAddress::Kind::Ip6 : ListenAddress::Kind::Ip4;
  out.host = host;
  out.port = *port;
  return out;
}

std::string format_listen_address(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::Unix) return "unix:" + address.path;
  return format_host_port(address.host, address.port);
}

}  // namespace holdfast::net
