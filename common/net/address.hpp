// SPDX-License-Identifier: Apache-2.0
#pragma once

// Addresses as people write them in configuration: where to listen, whom to trust, what to probe.
// Only literal addresses: a supervisor must not wait for a name server to start.
//
// Threads: any. Errors are InvalidArgument and say what was expected.

#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::config {

// "0.0.0.0:3000", "[::1]:3000", "localhost:3000" (is 127.0.0.1) or "unix:/path".
struct ListenAddress {
  enum class Kind { Ip4, Ip6, Unix };
  Kind kind = Kind::Ip4;
  std::string host;        // a literal address without brackets; empty for Unix
  std::uint16_t port = 0;  // 0: the kernel picks one
  std::string path;        // Unix: absolute, short enough for sockaddr_un

  bool operator==(const ListenAddress&) const = default;
};

Result<ListenAddress> parse_listen_address(std::string_view text);
std::string format_listen_address(const ListenAddress& address);

// "10.0.0.0/8" or "fd00::/8"; a bare address means that one host. Returns it in the full form
// ("10.1.2.3/32"). Host bits must be zero: "10.0.0.1/8" is a mistake more often than a wish.
Result<std::string> parse_cidr(std::string_view text);

// "http://127.0.0.1:9100/metrics", "unix:/run/x.sock" or "unix:/run/x.sock:/ready".
struct HttpTarget {
  std::string host;         // with http://, else empty; without brackets
  std::uint16_t port = 80;  // with http://
  std::string unix_path;    // with unix:, else empty
  std::string target;       // "/ready": path and query

  bool operator==(const HttpTarget&) const = default;
};

// The host is a literal address or "localhost". `default_target` is used where `text` names none.
Result<HttpTarget> parse_http_target(std::string_view text, std::string_view default_target);
// The address in full, as http::parse_url() takes it.
std::string format_http_target(const HttpTarget& address);

constexpr std::size_t kMaxUnixPath = 107;  // sizeof sockaddr_un::sun_path less its NUL: unix(7)

}  // namespace holdfast::config
