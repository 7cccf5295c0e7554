// SPDX-License-Identifier: Apache-2.0
#include "common/net/address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace holdfast::config {

namespace {

template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

struct Ip {
  std::array<unsigned char, 16> bytes{};
  int bits = 0;  // 32 or 128
};

std::optional<Ip> parse_ip(const std::string& text) {
  Ip ip;
  if (::inet_pton(AF_INET, text.c_str(), ip.bytes.data()) == 1) {
    ip.bits = 32;
    return ip;
  }
  if (::inet_pton(AF_INET6, text.c_str(), ip.bytes.data()) == 1) {
    ip.bits = 128;
    return ip;
  }
  return {};
}

std::string format_ip(const Ip& ip) {
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(ip.bits == 32 ? AF_INET : AF_INET6, ip.bytes.data(), text, sizeof text);
  return text;
}

Ip without_host_bits(Ip ip, int prefix) {
  for (int bit = prefix; bit < ip.bits; ++bit) {
    ip.bytes[static_cast<std::size_t>(bit / 8)] &= static_cast<unsigned char>(~(0x80 >> bit % 8));
  }
  return ip;
}

Result<std::string> check_unix_path(std::string_view path) {
  if (path.empty() || path.front() != '/') {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'unix:{}' must name an absolute path", path));
  }
  if (path.size() > kMaxUnixPath) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'unix:{}' is longer than the {} bytes that a Unix socket's path "
                            "may have",
                            path, kMaxUnixPath));
  }
  return std::string(path);
}

// "host:port" or "[v6]:port" into its parts; the port is everything after the last colon outside
// of brackets, and absent without one.
struct HostPort {
  std::string host;
  std::optional<std::string> port;
  bool bracketed = false;
};

std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const auto close = text.find(']');
    if (close == std::string_view::npos) return {};
    out.host = std::string(text.substr(1, close - 1));
    out.bracketed = true;
    rest = text.substr(close + 1);
  } else {
    const auto colon = text.find(':');
    out.host = std::string(text.substr(0, colon));
    rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon);
  }
  if (rest.empty()) return out;
  if (!rest.starts_with(':')) return {};
  out.port = std::string(rest.substr(1));
  return out;
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  ListenAddress out;
  if (text.starts_with("unix:")) {
    out.kind = ListenAddress::Kind::Unix;
    HOLDFAST_TRY_ASSIGN(out.path, check_unix_path(text.substr(5)));
    return out;
  }
  const auto parts = split_host_port(text);
  const auto port = parts && parts->port ? parse_number<std::uint16_t>(*parts->port) : std::nullopt;
  const std::string host = parts && parts->host == "localhost" ? "127.0.0.1"
                           : parts                             ? parts->host
                                                               : std::string();
  const auto ip = parse_ip(host);
  if (!port || !ip || parts->bracketed != (ip->bits == 128)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not an address to listen on: write \"0.0.0.0:3000\", "
                            "\"[::]:3000\" or \"unix:/path\"",
                            text));
  }
  out.kind = ip->bits == 128 ? ListenAddress::Kind::Ip6 : ListenAddress::Kind::Ip4;
  out.host = host;
  out.port = *port;
  return out;
}

std::string format_listen_address(const ListenAddress& address) {
  if (address.kind == ListenAddress::Kind::Unix) return "unix:" + address.path;
  const bool ip6 = address.kind == ListenAddress::Kind::Ip6;
  return fmt::format("{}{}{}:{}", ip6 ? "[" : "", address.host, ip6 ? "]" : "", address.port);
}

Result<std::string> parse_cidr(std::string_view text) {
  const auto slash = text.find('/');
  const auto ip = parse_ip(std::string(text.substr(0, slash)));
  const auto prefix = !ip                               ? std::nullopt
                      : slash == std::string_view::npos ? std::optional<int>(ip->bits)
                                                        : parse_number<int>(text.substr(slash + 1));
  if (!prefix || *prefix < 0 || *prefix > ip->bits) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not a network: write \"10.0.0.0/8\" or \"fd00::/8\"", text));
  }
  const Ip network = without_host_bits(*ip, *prefix);
  const std::string canonical = fmt::format("{}/{}", format_ip(network), *prefix);
  if (network.bytes != ip->bytes) {
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("'{}' has bits set after its prefix; did you mean '{}'?", text, canonical));
  }
  return canonical;
}

Result<HttpTarget> parse_http_target(std::string_view text, std::string_view default_target) {
  HttpTarget out;
  out.target = std::string(default_target);
  if (text.starts_with("unix:")) {
    std::string_view path = text.substr(5);
    if (const auto split = path.find(":/"); split != std::string_view::npos) {
      out.target = std::string(path.substr(split + 1));
      path = path.substr(0, split);
    }
    HOLDFAST_TRY_ASSIGN(out.unix_path, check_unix_path(path));
    return out;
  }
  const auto bad = [&] {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not an address to ask: write \"http://127.0.0.1:8080{}\" or "
                            "\"unix:/path/of.sock:{}\"",
                            text, default_target, default_target));
  };
  constexpr std::string_view kScheme = "http://";
  if (!text.starts_with(kScheme)) return bad();
  const std::string_view rest = text.substr(kScheme.size());
  const auto slash = rest.find('/');
  const auto parts = split_host_port(rest.substr(0, slash));
  if (!parts) return bad();
  if (parts->port) {
    const auto port = parse_number<std::uint16_t>(*parts->port);
    if (!port || *port == 0) return bad();
    out.port = *port;
  }
  const auto ip = parse_ip(parts->host);
  const bool name = !parts->bracketed && parts->host == "localhost";
  if (!name && (!ip || (ip->bits == 128) != parts->bracketed)) return bad();
  out.host = parts->host;
  if (slash != std::string_view::npos) out.target = std::string(rest.substr(slash));
  const auto plain = [](unsigned char c) { return c > 0x20 && c < 0x7f; };
  if (!std::all_of(out.target.begin(), out.target.end(), plain)) return bad();
  return out;
}

std::string format_http_target(const HttpTarget& address) {
  if (!address.unix_path.empty())
    return fmt::format("unix:{}:{}", address.unix_path, address.target);
  const bool six = address.host.find(':') != std::string::npos;
  return fmt::format("http://{}{}{}:{}{}", six ? "[" : "", address.host, six ? "]" : "",
                     address.port, address.target);
}

}  // namespace holdfast::config
