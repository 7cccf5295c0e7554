// SPDX-License-Identifier: Apache-2.0
#include "common/net/host_port.hpp"

#include <fmt/format.h>

namespace holdfast::net {

std::optional<HostPort> split_host_port(std::string_view text) {
  HostPort parts;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return {};
    parts.bracketed = true;
    parts.host = text.substr(1, close - 1);
    rest = text.substr(close + 1);
    if (!rest.empty() && rest.front() != ':') return {};
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    parts.host = text.substr(0, colon);
    rest = text.substr(colon);
  }
  if (rest.empty()) return parts;
  parts.port = rest.substr(1);
  if (parts.port->find(':') != std::string_view::npos) return {};
  return parts;
}

std::string bracket_host(std::string_view host) {
  const bool is_v6 = host.find(':') != std::string_view::npos;
  return is_v6 ? fmt::format("[{}]", host) : std::string(host);
}

std::string format_host_port(std::string_view host, std::uint16_t port) {
  return fmt::format("{}:{}", bracket_host(host), port);
}

}  // namespace holdfast::net
