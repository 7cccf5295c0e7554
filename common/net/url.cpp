// SPDX-License-Identifier: Apache-2.0
#include "common/net/url.hpp"

#include "common/text/ascii.hpp"

#include <charconv>

namespace holdfast::http {
namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text::equals_ignoring_case(text.substr(0, prefix.size()), prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool take_port(std::string_view text, std::uint16_t& port) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && stop == text.data() + text.size() && port != 0;
}

bool take_authority(std::string_view text, Url& url) {
  if (text.find('@') != std::string_view::npos) return false;
  std::size_t colon = text.rfind(':');
  if (!text.empty() && text.front() == '[') {
    const std::size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || bracket == 1) return false;
    url.host = text.substr(1, bracket - 1);
    text.remove_prefix(bracket + 1);
    if (!text.empty() && text.front() != ':') return false;
    colon = text.empty() ? std::string_view::npos : 0;
  } else {
    url.host = text.substr(0, colon);
    if (url.host.empty() || url.host.find(':') != std::string::npos) return false;
  }
  return colon == std::string_view::npos || take_port(text.substr(colon + 1), url.port);
}

bool parse(std::string_view text, Url& url) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F) return false;
  }
  text = text.substr(0, text.find('#'));
  if (take_prefix(text, "unix:")) {
    url.scheme = Url::Scheme::Unix;
    const std::size_t split = text.find(":/");
    url.socket_path = text.substr(0, split);
    url.target = split == std::string_view::npos ? "/" : text.substr(split + 1);
    return !url.socket_path.empty() && url.socket_path.front() == '/';
  }
  if (take_prefix(text, "https://")) {
    url.scheme = Url::Scheme::Https;
    url.port = 443;
  } else if (take_prefix(text, "http://")) {
    url.scheme = Url::Scheme::Http;
    url.port = 80;
  } else {
    return false;
  }
  const std::size_t end = std::min(text.find_first_of("/?"), text.size());
  if (!take_authority(text.substr(0, end), url)) return false;
  url.target = text.substr(end);
  if (url.target.empty() || url.target.front() != '/') url.target.insert(0, "/");
  return true;
}

std::string bracketed(const std::string& host) {
  return host.find(':') == std::string::npos ? host : "[" + host + "]";
}

}  // namespace

std::string Url::host_field() const {
  if (scheme == Scheme::Unix) return "localhost";
  const bool usual = port == (scheme == Scheme::Https ? 443 : 80);
  return usual ? bracketed(host) : fmt::format("{}:{}", bracketed(host), port);
}

std::string Url::base() const {
  return fmt::format("{}://{}:{}", scheme == Scheme::Https ? "https" : "http", bracketed(host),
                     port);
}

Result<Url> parse_url(std::string_view text) {
  Url url;
  if (!parse(text, url)) {
    return fail(ErrorKind::InvalidArgument,
                "the URL is not http://host:port/…, https://… or unix:/path.sock:/target");
  }
  return url;
}

}  // namespace holdfast::http
