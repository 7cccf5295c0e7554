// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/diagnostics_access.hpp"

#include "api-worker/middleware/client_address.hpp"

namespace holdfast::api {

bool may_view_diagnostics(const Context& context, const std::vector<net::Network>& allowed) {
  const Client& client = context.client;
  if (context.api_key && context.api_key->scope == store::Scope::Admin) return true;
  const auto address = net::IpAddress::parse(client.address);
  return !client.hidden && address && contains(allowed, *address);
}

}  // namespace holdfast::api
