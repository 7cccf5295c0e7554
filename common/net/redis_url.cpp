// SPDX-License-Identifier: Apache-2.0
#include "common/net/redis_url.hpp"

#include "common/net/address.hpp"
#include "common/net/host_port.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/percent.hpp"

namespace holdfast::net {

namespace {

Failure wrong(std::string_view what) {
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{}; write \"redis://:password@host:6379/0\", \"rediss://…\" for TLS or "
                          "\"unix:///path/of.sock\"",
                          what));
}

// Takes "user:password@" off the front.
Result<void> take_credentials(std::string_view& rest, RedisUrl& url) {
  const auto at = rest.rfind('@');
  if (at == std::string_view::npos) return {};
  const std::string_view credentials = rest.substr(0, at);
  rest = rest.substr(at + 1);
  const auto colon = credentials.find(':');
  if (colon == std::string_view::npos) return wrong("there is a user without a password");
  if (!text::percent_decode(credentials.substr(0, colon), url.user) ||
      !text::percent_decode(credentials.substr(colon + 1), url.password)) {
    return wrong("the user or password has an invalid percent-escape");
  }
  if (url.password.empty()) return wrong("the password is empty");
  return {};
}

Result<void> read_host(std::string_view authority, RedisUrl& url) {
  if (authority.find('?') != std::string_view::npos)
    return wrong("there are parameters, and none is known for a host");
  const auto parts = split_host_port(authority);
  if (!parts) return wrong("host and port are malformed");
  if (parts->host.empty()) return wrong("there is no host");
  const std::string_view marks = parts->bracketed ? ".:%-_" : ".-_";
  const bool is_host = text::all_of(parts->host, [marks](char c) {
    return text::is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
  });
  if (!is_host) return wrong("the host is neither a name nor an address");
  url.host = parts->host;
  if (!parts->port) return {};
  const auto port = text::parse_number<std::uint16_t>(*parts->port);
  if (!port || *port == 0) return wrong("the port is not a number from 1 to 65535");
  url.port = *port;
  return {};
}

Result<void> read_database(std::string_view text, RedisUrl& url) {
  if (text.empty()) return {};
  const auto number = text::parse_number<std::uint32_t>(text);
  if (!number) return wrong("the database is not a number");
  url.database = *number;
  return {};
}

Result<RedisUrl> parse_tcp(std::string_view rest) {
  RedisUrl url;
  // The path begins after the last '@': an unescaped '/' before it belongs to the password.
  const auto slash = rest.find('/', rest.find('@') == std::string_view::npos ? 0 : rest.rfind('@'));
  std::string_view authority = rest.substr(0, slash);
  HOLDFAST_TRY(take_credentials(authority, url));
  HOLDFAST_TRY(read_host(authority, url));
  if (slash != std::string_view::npos) HOLDFAST_TRY(read_database(rest.substr(slash + 1), url));
  return url;
}

Result<RedisUrl> parse_unix(std::string_view rest) {
  RedisUrl url;
  HOLDFAST_TRY(take_credentials(rest, url));
  const auto question = rest.find('?');
  url.path = rest.substr(0, question);
  if (const auto checked = check_unix_path(url.path); !checked) {
    return wrong(checked.error().message);
  }
  if (question == std::string_view::npos) return url;
  const std::string_view query = rest.substr(question + 1);
  if (!query.starts_with("db=")) return wrong("the only parameter is db");
  HOLDFAST_TRY(read_database(query.substr(3), url));
  return url;
}

}  // namespace

std::string RedisUrl::describe() const {
  if (!path.empty()) return fmt::format("unix://{}?db={}", path, database);
  return fmt::format("{}://{}/{}", tls ? "rediss" : "redis", format_host_port(host, port),
                     database);
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  if (text.starts_with("rediss://")) {
    auto url = parse_tcp(text.substr(9));
    if (url) url->tls = true;
    return url;
  }
  if (text.starts_with("redis://")) return parse_tcp(text.substr(8));
  if (text.starts_with("unix://")) return parse_unix(text.substr(7));
  return wrong("this is not a Redis URL");
}

}  // namespace holdfast::net
