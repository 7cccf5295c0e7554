// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which proxy the environment names for a URL, as curl and Go read it: HTTPS_PROXY or HTTP_PROXY by
// the URL's scheme, ALL_PROXY for both, and NO_PROXY for what is reached without: names with
// all that is below them ("example.com", ".example.com"), addresses, CIDR ranges, each with an
// optional port, or "*". Lower case is tried first. Loopback addresses and Unix sockets never take
// a proxy.
//
// Threads: pure functions.

#include "common/base/result.hpp"
#include "common/net/url.hpp"

#include <map>
#include <optional>
#include <string>

namespace holdfast::http {

// InvalidArgument if the variable's value is no proxy; the message names the variable, not the
// value.
Result<std::optional<net::ProxyUrl>> proxy_for(
    const net::Url& url, const std::map<std::string, std::string>& environment);

// As a configuration says it: "environment", "off" or a proxy's URL. InvalidArgument for another
// setting, or if `url` is none.
Result<std::optional<net::ProxyUrl>> proxy_by(
    const std::string& setting, const std::string& url,
    const std::map<std::string, std::string>& environment);

}  // namespace holdfast::http
