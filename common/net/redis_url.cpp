// SPDX-License-Identifier: Apache-2.0
#include "common/net/redis_url.hpp"

#include "common/net/address.hpp"

#include <charconv>
#include <optional>

namespace holdfast::config {

namespace {

template <class T>
std::optional<T> whole_number(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return {};
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return {};
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Failure wrong(std::string_view what) {
  return fail(ErrorKind::InvalidArgument,
              fmt::format("{}; write \"redis://:password@host:6379/0\" or "
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
  if (colon == std::string_view::npos) return wrong("a user without a password");
  const auto user = percent_decoded(credentials.substr(0, colon));
  const auto password = percent_decoded(credentials.substr(colon + 1));
  if (!user || !password) return wrong("the user or password has a broken percent-escape");
  if (password->empty()) return wrong("the password is empty");
  url.user = *user;
  url.password = *password;
  return {};
}

Result<void> read_host(std::string_view authority, RedisUrl& url) {
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return wrong("a '[' without its ']'");
    url.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    const auto colon = authority.find(':');
    url.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (url.host.empty()) return wrong("there is no host");
  if (port.empty()) return {};
  const auto number = whole_number<std::uint16_t>(port.substr(1));
  if (port.front() != ':' || !number || *number == 0) return wrong("the port is no port");
  url.port = *number;
  return {};
}

Result<void> read_database(std::string_view text, RedisUrl& url) {
  if (text.empty()) return {};
  const auto number = whole_number<std::uint32_t>(text);
  if (!number) return wrong("the database is no number");
  url.database = *number;
  return {};
}

Result<RedisUrl> parse_tcp(std::string_view rest) {
  RedisUrl url;
  // Only in front of the path: a password's raw '/' would be guesswork.
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
  if (!url.path.starts_with('/')) return wrong("the socket's path is not absolute");
  if (url.path.size() > kMaxUnixPath) return wrong("the socket's path is too long");
  if (question == std::string_view::npos) return url;
  const std::string_view query = rest.substr(question + 1);
  if (!query.starts_with("db=")) return wrong("the only parameter is db");
  HOLDFAST_TRY(read_database(query.substr(3), url));
  return url;
}

}  // namespace

std::string RedisUrl::describe() const {
  if (!path.empty()) return fmt::format("unix://{}?db={}", path, database);
  const bool v6 = host.find(':') != std::string::npos;
  return fmt::format("redis://{}{}{}:{}/{}", v6 ? "[" : "", host, v6 ? "]" : "", port, database);
}

Result<RedisUrl> parse_redis_url(std::string_view text) {
  if (text.starts_with("rediss://")) {
    return fail(ErrorKind::InvalidArgument,
                "rediss:// (TLS) is not supported; use a tunnel (stunnel, WireGuard) and redis://");
  }
  if (text.starts_with("redis://")) return parse_tcp(text.substr(8));
  if (text.starts_with("unix://")) return parse_unix(text.substr(7));
  return wrong("this is not a Redis URL");
}

}  // namespace holdfast::config
