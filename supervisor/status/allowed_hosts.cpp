// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/allowed_hosts.hpp"

#include "common/net/address.hpp"
#include "common/net/host_port.hpp"
#include "common/net/ip_address.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::status {

AllowedHosts::AllowedHosts(const std::string& status_listen, std::vector<std::string> status_hosts)
    : told_(std::move(status_hosts)) {
  const auto listen = net::parse_listen_address(status_listen);
  if (!listen) return;
  const auto address = net::IpAddress::parse(listen->host);
  any_address_ = address && !address->is_loopback();
}

bool AllowedHosts::allows(std::string_view host) const {
  const auto parts = net::split_host_port(host);
  if (!parts) return false;
  std::string name = text::to_lower(parts->host);
  if (name.ends_with('.')) name.pop_back();
  if (const auto address = net::IpAddress::parse(name)) {
    if (any_address_ || address->is_loopback()) return true;
    return std::any_of(told_.begin(), told_.end(), [&](const std::string& told) {
      return net::IpAddress::parse(told) == address;
    });
  }
  return name == "localhost" || name.ends_with(".localhost") ||
         std::find(told_.begin(), told_.end(), name) != told_.end();
}

}  // namespace holdfast::supervisor::status
