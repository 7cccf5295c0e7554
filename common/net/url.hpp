// SPDX-License-Identifier: Apache-2.0
#pragma once

// The addresses that the client takes: http://host[:port]/target, https://…, and
// unix:/path/to.sock:/target. Pure; any thread.

#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::http {

struct Url {
  enum class Scheme { Http, Https, Unix };
  Scheme scheme = Scheme::Http;
  std::string host;  // without brackets; empty for Unix
  std::uint16_t port = 0;
  std::string socket_path;  // Unix only
  std::string target;       // with the query, without the fragment; at least "/"

  std::string host_field() const;  // for the Host header: the port only where it is not the usual
  std::string base() const;        // "https://host:port"; not for Unix
};

// User information, spaces and control characters are refused.
Result<Url> parse_url(std::string_view text);

}  // namespace holdfast::http
