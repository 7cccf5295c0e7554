// SPDX-License-Identifier: Apache-2.0
#include "common/config/origin.hpp"

#include "common/net/host_port.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace holdfast::config {

namespace {

struct Origin {
  std::string_view scheme;
  net::HostPort authority;
  // Text of the port: "*" in a pattern; empty for the default of the scheme.
  std::string_view port() const { return authority.port.value_or(std::string_view()); }
};

bool is_port(std::string_view text) {
  return !text.starts_with('0') && text::parse_number<std::uint16_t>(text);
}

bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253 || host.front() == '.' || host.back() == '.') return false;
  return host.find("..") == std::string_view::npos && text::all_of(host, [](char c) {
           return text::is_lower(c) || text::is_digit(c) || c == '-' || c == '.' || c == '_';
         });
}

bool is_v6(std::string_view host) {
  return host.size() >= 3 && host.find_first_not_of("0123456789abcdef:.") == std::string_view::npos;
}

bool is_host(std::string_view host, bool bracketed) {
  return bracketed ? is_v6(host) : is_host_name(host);
}

std::optional<Origin> split(std::string_view text) {
  const auto scheme = text.find("://");
  if (scheme == std::string_view::npos) return {};
  const auto authority = net::split_host_port(text.substr(scheme + 3));
  if (!authority || authority->port == "") return {};
  return Origin{text.substr(0, scheme), *authority};
}

}  // namespace

Result<std::string> check_origin_pattern(const std::string& text) {
  const auto wrong = [&](std::string_view why) {
    return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is not an origin: {}", text, why));
  };
  if (text == "*") return text;
  if (text == "null") return wrong("every sandboxed frame and local file sends \"null\"");
  const bool known_scheme = text.starts_with("http://") || text.starts_with("https://");
  if (known_scheme && text.find('/', text.find("://") + 3) != std::string::npos) {
    return wrong("an origin has no path and no trailing '/'");
  }
  const auto origin = split(text);
  if (!known_scheme || !origin) {
    return wrong("write it like \"https://app.example.org\" or \"https://*.example.org\"");
  }
  if (std::any_of(text.begin(), text.end(), text::is_upper)) {
    return wrong("browsers send origins in lower case");
  }
  std::string_view host = origin->authority.host;
  const bool bracketed = origin->authority.bracketed;
  const bool wildcard = host.starts_with("*.") && !bracketed;
  if (wildcard) host.remove_prefix(2);
  if (!is_host(host, bracketed)) {
    return wrong(
        "the host is not a name or an address; '*' may only replace whole labels on the left");
  }
  if (wildcard && host.find('.') == std::string_view::npos) {
    return wrong("it would match a whole top-level domain");
  }
  const std::string_view port = origin->port();
  if (!port.empty() && port != "*" && !is_port(port)) {
    return wrong("the port is not a number from 1 to 65535");
  }
  if (port == (origin->scheme == "http" ? "80" : "443")) {
    return wrong("browsers leave out the default port of the scheme");
  }
  return text;
}

bool origin_matches(std::string_view pattern, std::string_view origin) {
  if (pattern == "*" || pattern == origin) return true;
  if (pattern.find('*') == std::string_view::npos) return false;
  const auto wanted = split(pattern);
  const auto given = split(origin);
  if (!wanted || !given || wanted->scheme != given->scheme) return false;
  const auto& [host, port, bracketed] = given->authority;
  if (!is_host(host, bracketed) || (port && !is_port(*port))) return false;
  if (wanted->port() != "*" && wanted->port() != given->port()) return false;
  if (!wanted->authority.host.starts_with("*.")) {
    return wanted->authority.host == host && wanted->authority.bracketed == bracketed;
  }
  const std::string_view suffix = wanted->authority.host.substr(1);  // ".example.org"
  return !bracketed && host.size() > suffix.size() && host.ends_with(suffix);
}

}  // namespace holdfast::config
