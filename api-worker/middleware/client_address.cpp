// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/client_address.hpp"

#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

constexpr std::size_t kMaxEntries = 32;

bool names_a_proxy(const http::Headers& headers) {
  return headers.find("X-Forwarded-For") != nullptr || headers.find("Forwarded") != nullptr ||
         headers.find("X-Real-IP") != nullptr || headers.find("Via") != nullptr;
}

// Calls `visit` with each entry of X-Forwarded-For from the right, until it returns false.
template <class Visit>
void walk_forwarded(const http::Headers& headers, Visit visit) {
  std::size_t read = 0;
  const auto& fields = headers.fields();
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (!text::equals_ignoring_case(field->name, "X-Forwarded-For")) continue;
    std::string_view rest = field->value;
    for (;;) {
      const std::size_t comma = rest.rfind(',');
      const std::size_t begin = comma == std::string_view::npos ? 0 : comma + 1;
      if (++read > kMaxEntries || !visit(text::trim(rest.substr(begin)))) return;
      if (comma == std::string_view::npos) break;
      rest = rest.substr(0, comma);
    }
  }
}

}  // namespace

bool contains(const std::vector<net::Network>& networks, const net::IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const net::Network& network) { return network.contains(address); });
}

Client find_client(const http::Peer& peer, const http::Headers& headers,
                   const std::vector<net::Network>& trusted) {
  const auto peer_address = net::IpAddress::parse(peer.address);
  const bool forwarded = names_a_proxy(headers);
  Client client;
  client.address = peer.unix_socket ? "unix" : peer.address;
  const bool peer_trusted = peer.unix_socket || (peer_address && contains(trusted, *peer_address));
  client.hidden = forwarded && !peer_trusted;
  if (!peer_trusted) return client;
  walk_forwarded(headers, [&](std::string_view entry) {
    const auto address = net::IpAddress::parse_forwarded(entry);
    if (!address) return false;
    client.address = address->to_string();
    return contains(trusted, *address);
  });
  return client;
}

Result<std::vector<net::Network>> parse_networks(const std::vector<std::string>& texts) {
  std::vector<net::Network> networks;
  for (const std::string& text : texts) {
    HOLDFAST_TRY_ASSIGN(const net::Network network, net::Network::parse(text));
    networks.push_back(network);
  }
  return networks;
}

std::optional<http::Response> ClientAddress::on_request(Context& context) {
  context.client = find_client(context.request->peer, context.request->headers, trusted_);
  return {};
}

}  // namespace holdfast::api
