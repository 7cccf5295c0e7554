// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where an HTTP request goes: http://host[:port]/target, https://..., or a server on a Unix socket,
// unix:/path/to.sock:/target. Threads: pure functions. Errors are InvalidArgument.

#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::net {

struct Url {
  enum class Scheme { Http, Https, Unix };
  Scheme scheme = Scheme::Http;
  std::string host;         // without brackets; empty for Unix
  std::uint16_t port = 0;   // 0 for Unix
  std::string socket_path;  // Unix only: absolute
  std::string target;       // path and query, without the fragment; begins with '/'

  bool operator==(const Url&) const = default;

  std::string host_field() const;  // for the Host header: the port only if it is not the default
  std::string base() const;        // "https://host:port"; "unix:/path/to.sock"
  std::string to_string() const;   // in full, as parse_url() takes it
};

// `default_target` is used where `text` has neither path nor query. Refused are user information,
// spaces, control characters, port 0 and a target that is not ASCII. The path of a socket may have
// spaces and '#', as directories have them; it ends at the first ":/".
Result<Url> parse_url(std::string_view text, std::string_view default_target = "/");

// Whether it is an http:// or https:// URL with user information, "http://user:password@host/".
bool holds_user(std::string_view text);

// A proxy as variables such as HTTPS_PROXY name it: http://[user:password@]host:port, where the
// scheme may be left out; without a port it is 80.
struct ProxyUrl {
  std::string host;
  std::uint16_t port = 0;
  std::string user;  // percent-decoded
  std::string password;
  bool operator==(const ProxyUrl&) const = default;
};
Result<ProxyUrl> parse_proxy_url(std::string_view text);

// For URLs from the configuration: http:// or unix:, and the host is a literal address or
// "localhost", so that whoever asks never waits for a name server.
Result<Url> parse_literal_url(std::string_view text, std::string_view default_target);

}  // namespace holdfast::net
