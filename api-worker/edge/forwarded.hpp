// SPDX-License-Identifier: Apache-2.0
#pragma once

// Forwarded (RFC 7239): one element for each proxy that a request has passed.
//
//   Forwarded: for=192.0.2.43;proto=https, for="[2001:db8:cafe::17]:4711"
//
// Read from the right, as each proxy adds its element there: what a client wrote in front of it, an
// open quote for example, cannot change what the proxy's own element means.
//
// Threads: pure functions.

#include "common/net/ip_address.hpp"

#include <optional>
#include <string_view>

namespace holdfast::api {

// Takes the last element off `list`.
std::string_view take_last_element(std::string_view& list);

// The address in an element's "for". Nothing if it has none or two, or if that is no address
// ("unknown", "_hidden", garbage).
std::optional<net::IpAddress> forwarded_for(std::string_view element);

}  // namespace holdfast::api
