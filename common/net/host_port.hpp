// SPDX-License-Identifier: Apache-2.0
#pragma once

// "host:port" as URLs, listening addresses and headers write it. Threads: pure functions.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::net {

// Views into the text that was split.
struct HostPort {
  std::string_view host;                 // without brackets; may be empty
  std::optional<std::string_view> port;  // what follows the ':', unchecked; nothing without a ':'
  bool bracketed = false;                // "[...]": an IPv6 address, which holds colons itself
};

// Splits "host", "host:port", "[v6]" or "[v6]:port". Nothing if a bracket is not closed, if
// anything but ":port" follows it, or if there is a second ':' outside of brackets.
std::optional<HostPort> split_host_port(std::string_view text);

// `host` in brackets if it is an IPv6 address.
std::string bracket_host(std::string_view host);

// "127.0.0.1:80", "[::1]:80".
std::string format_host_port(std::string_view host, std::uint16_t port);

}  // namespace holdfast::net
