// SPDX-License-Identifier: Apache-2.0
#include "common/net/url.hpp"

#include "common/net/address.hpp"
#include "common/net/host_port.hpp"
#include "common/net/ip_address.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/percent.hpp"

#include <algorithm>

namespace holdfast::net {

namespace {

std::uint16_t default_port(Url::Scheme scheme) {
  return scheme == Url::Scheme::Https ? 443 : 80;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text::equals_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool read_authority(std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos) return false;
  const auto parts = split_host_port(text);
  if (!parts || parts->host.empty()) return false;
  if (parts->bracketed && parts->host.find(':') == std::string_view::npos) return false;
  url.host = parts->host;
  if (!parts->port) return true;
  url.port = text::parse_number<std::uint16_t>(*parts->port).value_or(0);
  return url.port != 0;
}

// Of a URL, and of the target behind the path of a Unix socket, which may have spaces and a '#'
// itself.
bool is_url_text(std::string_view text) {
  return text::all_of(text, [](char c) { return c != ' ' && !text::is_control(c); });
}

std::string_view without_fragment(std::string_view text) {
  return text.substr(0, text.find('#'));
}

bool read_unix(std::string_view text, std::string_view default_target, Url& url) {
  url.scheme = Url::Scheme::Unix;
  const std::size_t split = text.find(":/");
  url.socket_path = text.substr(0, split);
  url.target =
      split == std::string_view::npos ? default_target : without_fragment(text.substr(split + 1));
  const bool fits = text::all_of(url.socket_path, [](char c) { return !text::is_control(c); });
  return fits && is_url_text(url.target) && check_unix_path(url.socket_path).has_value();
}

bool read_tcp(std::string_view text, std::string_view default_target, Url& url) {
  if (take_prefix(text, "https://")) {
    url.scheme = Url::Scheme::Https;
  } else if (!take_prefix(text, "http://")) {
    return false;
  }
  url.port = default_port(url.scheme);
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (!read_authority(text.substr(0, end), url)) return false;
  url.target = end == text.size() ? default_target : text.substr(end);
  if (url.target.front() != '/') url.target.insert(0, "/");
  return true;
}

bool read_url(std::string_view text, std::string_view default_target, Url& url) {
  const bool is_unix = take_prefix(text, "unix:");
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  const bool read =
      is_unix ? read_unix(text, default_target, url)
              : is_url_text(text) && read_tcp(without_fragment(text), default_target, url);
  return read && text::all_of(url.target, is_ascii);
}

bool is_literal(const Url& url) {
  if (url.scheme == Url::Scheme::Unix) return true;
  return url.scheme == Url::Scheme::Http && (url.host == "localhost" || IpAddress::parse(url.host));
}

}  // namespace

std::string Url::host_field() const {
  if (scheme == Scheme::Unix) return "localhost";
  return port == default_port(scheme) ? bracket_host(host) : format_host_port(host, port);
}

std::string Url::base() const {
  if (scheme == Scheme::Unix) return "unix:" + socket_path;
  return fmt::format("{}://{}", scheme == Scheme::Https ? "https" : "http",
                     format_host_port(host, port));
}

std::string Url::to_string() const {
  return base() + (scheme == Scheme::Unix ? ":" : "") + target;
}

Result<Url> parse_url(std::string_view text, std::string_view default_target) {
  Url url;
  if (holds_user(text))
    return fail(ErrorKind::InvalidArgument, "the URL must not hold a user name or a password");
  if (!read_url(text, default_target, url)) {
    return fail(ErrorKind::InvalidArgument,
                "the URL is not http://host:port/…, https://… or unix:/path.sock:/target");
  }
  return url;
}

bool holds_user(std::string_view text) {
  if (!take_prefix(text, "https://") && !take_prefix(text, "http://")) return false;
  return text.substr(0, text.find_first_of("/?#")).find('@') != std::string_view::npos;
}

Result<ProxyUrl> parse_proxy_url(std::string_view text) {
  const auto refuse = [] {
    return fail(ErrorKind::InvalidArgument,
                "a proxy is http://host:port, or http://user:password@"
                "host:port");
  };
  ProxyUrl proxy;
  take_prefix(text, "http://");
  text = text.substr(0, text.find('/'));
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    const std::string_view user = text.substr(0, at);
    const auto colon = std::min(user.find(':'), user.size());
    if (!text::percent_decode(user.substr(0, colon), proxy.user) ||
        !text::percent_decode(user.substr(std::min(colon + 1, user.size())), proxy.password))
      return refuse();
    text.remove_prefix(at + 1);
  }
  // Its host must look like one; "https://" and "socks5://" have a ':' where the port should be.
  const auto url = parse_url(fmt::format("http://{}", text));
  if (!url || url->host.find('/') != std::string::npos) return refuse();
  proxy.host = url->host;
  proxy.port = url->port;
  return proxy;
}

Result<Url> parse_literal_url(std::string_view text, std::string_view default_target) {
  Url url;
  if (!read_url(text, default_target, url) || !is_literal(url)) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not an address to ask: write \"http://127.0.0.1:8080{}\" or "
                            "\"unix:/path/of.sock:{}\"",
                            text, default_target, default_target));
  }
  return url;
}

}  // namespace holdfast::net
