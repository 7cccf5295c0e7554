// SPDX-License-Identifier: Apache-2.0
#pragma once

// Client address: who asks, behind proxies that are known.
// - Nothing is trusted by default: the client is the socket's peer and X-Forwarded-For is text.
// - Peers in a trusted network, and Unix-socket peers (the socket's mode let them in), may speak
//   for others: the entries of all X-Forwarded-For lines, joined in order, are walked from the
//   right; the first address that is not trusted is the client. If all are, the leftmost is.
// - An entry that is no address ("unknown", "_hidden", garbage) ends the walk: the last good one
//   counts. Ports and brackets are accepted, IPv4-mapped IPv6 is IPv4. At most 32 entries are read.
// - A local request comes from a loopback address or Unix socket and names no proxy at all
//   (X-Forwarded-For, Forwarded, X-Real-IP, Via): so a proxy on this host that nobody declared
//   does not open loopback-only paths to its clients.

#include "api-worker/middleware/middleware.hpp"
#include "common/net/ip_address.hpp"

#include <vector>

namespace holdfast::api {

class ClientAddress final : public Middleware {
 public:
  explicit ClientAddress(std::vector<net::Network> trusted) : trusted_(std::move(trusted)) {}
  std::optional<http::Response> on_request(Context& context) override;

 private:
  std::vector<net::Network> trusted_;
};

// The rules above, on values.
Client find_client(const http::Peer& peer, const http::Headers& headers,
                   const std::vector<net::Network>& trusted);

bool contains(const std::vector<net::Network>& networks, const net::IpAddress& address);

// The configuration's list; the error names the entry that is no network.
Result<std::vector<net::Network>> parse_networks(const std::vector<std::string>& texts);

}  // namespace holdfast::api
