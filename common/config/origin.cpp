// SPDX-License-Identifier: Apache-2.0
#include "common/config/origin.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

namespace holdfast::config {

namespace {

struct Parts {
  std::string_view scheme;
  std::string_view host;  // with brackets for IPv6
  std::string_view port;  // empty: the scheme's default
};

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && end == text.data() + text.size() && port != 0 && text[0] != '0';
}

bool is_name(std::string_view host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.') return false;
  return host.find("..") == std::string_view::npos &&
         std::all_of(host.begin(), host.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
                  c == '_';
         });
}

bool is_v6(std::string_view host) {
  return host.size() > 4 && host.front() == '[' && host.back() == ']' &&
         host.find_first_not_of("0123456789abcdef:.", 1) == host.size() - 1;
}

bool is_host(std::string_view host) {
  return is_v6(host) || is_name(host);
}

std::optional<Parts> split(std::string_view origin) {
  Parts parts;
  const auto scheme = origin.find("://");
  if (scheme == std::string_view::npos) return {};
  parts.scheme = origin.substr(0, scheme);
  const std::string_view rest = origin.substr(scheme + 3);
  const auto bracket = rest.find(']');
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  parts.host = rest.substr(0, colon);
  if (colon == std::string_view::npos) return parts;
  parts.port = rest.substr(colon + 1);
  if (parts.port.empty()) return {};
  return parts;
}

}  // namespace

Result<std::string> check_origin_pattern(const std::string& text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not an origin: {}", text, why));
  };
  if (text == "*") return text;
  if (text == "null") return wrong("\"null\" stands for every sandboxed frame and local file");
  const auto parts = split(text);
  if (!parts || (parts->scheme != "http" && parts->scheme != "https")) {
    return wrong("write it like \"https://app.example.org\" or \"https://*.example.org\"");
  }
  if (parts->host.find('/') != std::string_view::npos ||
      parts->port.find('/') != std::string_view::npos) {
    return wrong("an origin has no path and no trailing '/'");
  }
  if (std::any_of(text.begin(), text.end(), [](char c) { return c >= 'A' && c <= 'Z'; })) {
    return wrong("browsers send origins in lower case");
  }
  const bool wildcard = parts->host.starts_with("*.");
  if (!is_host(wildcard ? parts->host.substr(2) : parts->host)) {
    return wrong(
        "the host is not a name or an address; '*' may only replace whole labels on the left");
  }
  if (wildcard && parts->host.find('.', 2) == std::string_view::npos) {
    return wrong("it would match a whole top-level domain");
  }
  if (!parts->port.empty() && parts->port != "*" && !is_port(parts->port)) {
    return wrong("the port is not valid");
  }
  if (parts->port == (parts->scheme == "http" ? "80" : "443")) {
    return wrong("browsers leave out the scheme's own port");
  }
  return text;
}

bool origin_matches(std::string_view pattern, std::string_view origin) {
  if (pattern == "*" || pattern == origin) return true;
  if (pattern.find('*') == std::string_view::npos) return false;
  const auto wanted = split(pattern);
  const auto given = split(origin);
  if (!wanted || !given || wanted->scheme != given->scheme || !is_host(given->host)) return false;
  if (!given->port.empty() && !is_port(given->port)) return false;
  if (wanted->port != "*" && wanted->port != given->port) return false;
  if (!wanted->host.starts_with("*.")) return wanted->host == given->host;
  const std::string_view suffix = wanted->host.substr(1);  // ".example.org"
  return given->host.size() > suffix.size() && given->host.ends_with(suffix);
}

}  // namespace holdfast::config
