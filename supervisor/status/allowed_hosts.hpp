// SPDX-License-Identifier: Apache-2.0
#pragma once

// AllowedHosts: the names under which the TCP status endpoint answers. A browser sends the name in
// the address bar as Host; a page whose own name is made to lead here (DNS rebinding) could read
// all that the endpoint says. So it answers to loopback names and addresses, to the host that it
// listens on, and to `status_hosts`. Addresses cannot be rebound: where it listens beyond loopback,
// any address will do. The port is nobody's business: a tunnel has its own.
//
// Threads: any; immutable.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::status {

class AllowedHosts {
 public:
  // As [supervisor] status_listen and status_hosts have them.
  AllowedHosts(const std::string& status_listen, std::vector<std::string> status_hosts);

  // `host`: the field's value.
  bool allows(std::string_view host) const;

 private:
  std::vector<std::string> told_;
  bool any_address_ = false;
};

}  // namespace holdfast::supervisor::status
