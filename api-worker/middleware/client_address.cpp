// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/client_address.hpp"

#include "api-worker/edge/forwarded.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

constexpr std::size_t kMaxEntries = 32;

bool names_a_proxy(const http::Headers& headers) {
  return headers.find("X-Forwarded-For") != nullptr || headers.find("Forwarded") != nullptr ||
         headers.find("X-Real-IP") != nullptr || headers.find("Via") != nullptr;
}

std::string_view take_last_address(std::string_view& list) {
  const std::size_t comma = list.rfind(',');
  const std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  return text::trim(last);
}

struct Syntax {
  const char* name;
  std::string_view (*take_last)(std::string_view& list);
  std::optional<net::IpAddress> (*address)(std::string_view entry);
};
constexpr Syntax kXForwardedFor{"X-Forwarded-For", take_last_address,
                                net::IpAddress::parse_forwarded};
constexpr Syntax kForwarded{"Forwarded", take_last_element, forwarded_for};

// Calls `visit` with the address of each entry from the right, until it returns false or an entry
// is none. Empty entries are not entries.
template <class Visit>
void walk_forwarded(const http::Headers& headers, const Syntax& syntax, Visit visit) {
  std::size_t read = 0;
  const auto& fields = headers.fields();
  for (auto field = fields.rbegin(); field != fields.rend(); ++field) {
    if (!text::equals_ignoring_case(field->name, syntax.name)) continue;
    for (std::string_view rest = field->value; !rest.empty();) {
      const std::string_view entry = syntax.take_last(rest);
      if (entry.empty()) continue;
      if (++read > kMaxEntries) return;
      const auto address = syntax.address(entry);
      if (!address || !visit(*address)) return;
    }
  }
}

}  // namespace

bool contains(const std::vector<net::Network>& networks, const net::IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const net::Network& network) { return network.contains(address); });
}

bool is_trusted(const http::Peer& peer, const std::vector<net::Network>& trusted) {
  const auto address = net::IpAddress::parse(peer.address);
  return peer.unix_socket || (address && contains(trusted, *address));
}

Client find_client(const http::Peer& peer, const http::Headers& headers,
                   const std::vector<net::Network>& trusted, config::ForwardedField field) {
  Client client;
  client.address = peer.unix_socket ? "unix" : peer.address;
  const bool peer_trusted = is_trusted(peer, trusted);
  client.hidden = names_a_proxy(headers);
  if (!peer_trusted) return client;
  const bool rfc7239 = field == config::ForwardedField::Forwarded;
  walk_forwarded(headers, rfc7239 ? kForwarded : kXForwardedFor,
                 [&](const net::IpAddress& address) {
                   client.address = address.to_string();
                   client.hidden = contains(trusted, address);
                   return client.hidden;
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
  context.client = find_client(context.request->peer, context.request->headers, trusted_, field_);
  return {};
}

}  // namespace holdfast::api
