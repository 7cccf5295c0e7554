// SPDX-License-Identifier: Apache-2.0
#pragma once

// Client address: the client behind known proxies.
// - Nothing is trusted by default: the client is the socket's peer, and X-Forwarded-For is ignored.
// - Peers in a trusted network, and Unix-socket peers (the socket's mode admitted them), may name
//   other clients: the entries of all X-Forwarded-For lines, joined in order, are walked from the
//   right. The first untrusted address is the client; if all are trusted, the leftmost is.
// - http.forwarded_field = "Forwarded": the same with the elements of RFC 7239
// (edge/forwarded.hpp).
//   The other field is ignored then, because only one of them is the proxy's own.
// - An entry that is not an address ("unknown", "_hidden", garbage) ends the walk: the last valid
//   one counts. Ports and brackets are accepted, IPv4-mapped IPv6 is IPv4. At most 32 entries are
//   read. Empty ones are skipped (RFC 9110, 5.6.1.2).
// - A client is hidden if the address is a proxy's: if the request has a proxy's field
//   (X-Forwarded-For, Forwarded, X-Real-IP, Via) and its peer is not trusted, or names nobody but
//   trusted addresses. Without such a field nobody can tell a proxy from a client, not even on this
//   host: no rule here may rest on a loopback peer.

#include "api-worker/middleware/middleware.hpp"
#include "common/config/config.hpp"
#include "common/net/ip_address.hpp"

#include <vector>

namespace holdfast::api {

class ClientAddress final : public Middleware {
 public:
  ClientAddress(std::vector<net::Network> trusted, config::ForwardedField field)
      : trusted_(std::move(trusted)), field_(field) {}
  std::optional<http::Response> on_request(Context& context) override;

 private:
  std::vector<net::Network> trusted_;
  config::ForwardedField field_;
};

// The rules above, on values.
Client find_client(const http::Peer& peer, const http::Headers& headers,
                   const std::vector<net::Network>& trusted,
                   config::ForwardedField field = config::ForwardedField::XForwardedFor);

// Whether a peer may name other clients.
bool is_trusted(const http::Peer& peer, const std::vector<net::Network>& trusted);

bool contains(const std::vector<net::Network>& networks, const net::IpAddress& address);

// The configured list; the error names the entry that is not a network.
Result<std::vector<net::Network>> parse_networks(const std::vector<std::string>& texts);

}  // namespace holdfast::api
