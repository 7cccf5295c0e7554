// SPDX-License-Identifier: Apache-2.0
#pragma once

// The address of a Redis server. The forms are the IANA registration of redis:// and the form for
// Unix sockets that Redis clients share:
//
//   redis://[[user]:password@]host[:port][/database]
//   rediss://…, the same over TLS
//   unix:///path/of.sock[?db=N], with [user]:password@ after unix:// if there is a password
//
// User and password may be percent-encoded.
// Threads: pure functions.

#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::net {

struct RedisUrl {
  std::string path;  // of a Unix socket; host and port are unused then
  std::string host;  // without brackets
  std::uint16_t port = 6379;
  std::string user;
  std::string password;
  std::uint32_t database = 0;
  bool tls = false;
  bool operator==(const RedisUrl&) const = default;

  // Without the password: for logs.
  std::string describe() const;
};

// Errors never repeat the password.
Result<RedisUrl> parse_redis_url(std::string_view text);

}  // namespace holdfast::net
