// SPDX-License-Identifier: Apache-2.0
#pragma once

// A listening socket from an address as people write it in [listen.NAME]: "host:port",
// "[v6]:port", or "unix:/path". Threads: any; a host name (not a number) may ask the resolver.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::supervisor::process {

struct HostPort {
  std::string host;  // without brackets
  std::string port;
};
Result<HostPort> parse_host_port(std::string_view address);

// Non-blocking, close-on-exec, SO_REUSEADDR; "[::]" takes IPv4 as well. Errors say what to do.
Result<Fd> open_socket(const std::string& address, std::uint32_t backlog);

// The address that a bound socket has: "127.0.0.1:41234", "[::1]:80", "unix:/path".
Result<std::string> address_of(int socket);

}  // namespace holdfast::supervisor::process
