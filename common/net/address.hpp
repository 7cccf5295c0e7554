// SPDX-License-Identifier: Apache-2.0
#pragma once

// Addresses to listen on, as people write them in configuration. Only literal addresses: a
// supervisor must not need a name server to start.
//
// Threads: pure functions. Errors are InvalidArgument and say what was expected.

#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::net {

// "0.0.0.0:3000", "[::1]:3000", "localhost:3000" (which is 127.0.0.1) or "unix:/path".
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

constexpr std::size_t kMaxUnixPath = 107;  // sizeof sockaddr_un::sun_path less its NUL: unix(7)

// An absolute path that fits into a sockaddr_un, or why `path` is not one.
Result<void> check_unix_path(std::string_view path);

}  // namespace holdfast::net
