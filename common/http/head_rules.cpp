// SPDX-License-Identifier: Apache-2.0
#include "common/http/head_rules.hpp"

#include "common/text/ascii.hpp"

#include <charconv>

namespace holdfast::http {
namespace {

std::string_view trim(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_port(std::string_view text) {
  if (text.empty()) return true;  // RFC 3986, 3.2.3: "host:" means the default
  std::uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, port);
  return error == std::errc() && stop == end;
}

// uri-host [":" port] of RFC 3986, 3.2.2, without percent escapes and commas: no name in use has
// them, and a list or an escaped delimiter is read differently by different servers.
bool is_host(std::string_view text) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    for (const char c : text.substr(1, end - 1)) {
      if (!is_alphanumeric(c) && c != ':' && c != '.') return false;
    }
    ++end;
  } else {
    while (end < text.size() &&
           (is_alphanumeric(text[end]) ||
            std::string_view("-._~!$&'()*+;=").find(text[end]) != std::string_view::npos)) {
      ++end;
    }
  }
  return end == text.size() || (text[end] == ':' && is_port(text.substr(end + 1)));
}

std::optional<Refusal> check_host(const Request& request, int minor) {
  const std::size_t hosts = request.headers.count("Host");
  if (hosts > 1) return Refusal{400, "There is more than one Host header."};
  if (hosts == 0) {
    if (minor == 0) return std::nullopt;
    return Refusal{400, "The Host header is missing."};
  }
  if (!is_host(*request.headers.find("Host"))) return Refusal{400, "The Host header is malformed."};
  return std::nullopt;
}

std::optional<Refusal> check_transfer_encoding(const Headers& headers, int minor, BodyPlan& plan) {
  const std::size_t lines = headers.count("Transfer-Encoding");
  if (lines == 0) return std::nullopt;
  if (headers.find("Content-Length") != nullptr) {
    return Refusal{400, "Content-Length and Transfer-Encoding exclude each other."};
  }
  if (minor == 0) return Refusal{400, "Transfer-Encoding is not part of HTTP/1.0."};
  if (lines > 1) return Refusal{400, "There is more than one Transfer-Encoding header."};
  std::string_view rest = *headers.find("Transfer-Encoding");
  std::size_t codings = 0;
  while (true) {
    const std::size_t comma = rest.find(',');
    if (!text::equals_ignoring_case(trim(rest.substr(0, comma)), "chunked")) {
      return Refusal{501, "The only transfer coding understood is 'chunked'."};
    }
    ++codings;
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
  }
  if (codings > 1) return Refusal{400, "The body is chunked more than once."};
  plan.chunked = true;
  return std::nullopt;
}

std::optional<Refusal> check_content_length(const Headers& headers, BodyPlan& plan) {
  const std::size_t lines = headers.count("Content-Length");
  if (lines == 0) return std::nullopt;
  if (lines > 1) return Refusal{400, "There is more than one Content-Length header."};
  const std::string& text = *headers.find("Content-Length");
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, plan.length);
  // from_chars takes neither '+', spaces nor lists, and tells of an overflow.
  if (text.empty() || error != std::errc() || stop != end) {
    return Refusal{400, "The Content-Length is not a number of bytes."};
  }
  return std::nullopt;
}

std::optional<Refusal> check_expect(const Headers& headers, int minor, BodyPlan& plan) {
  const std::string* expect = headers.find("Expect");
  if (expect == nullptr || minor == 0) return std::nullopt;  // RFC 9110, 10.1.1: 1.0 has none
  if (headers.count("Expect") > 1 || !text::equals_ignoring_case(*expect, "100-continue")) {
    return Refusal{417, "The only expectation understood is '100-continue'."};
  }
  plan.expects_continue = true;
  return std::nullopt;
}

std::optional<Refusal> check_target(Request& request) {
  if (request.target == "*" && request.method == "OPTIONS") {
    request.path = "*";
    return std::nullopt;
  }
  std::string_view target = request.target;
  // RFC 9112, 3.2.2: a server takes the absolute form, and its authority overrides Host.
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!text::equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const std::string_view rest = target.substr(scheme.size());
    const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
    if (authority.empty() || !is_host(authority)) {
      return Refusal{400, "The request target has a malformed authority."};
    }
    request.headers.set("Host", authority);
    target = rest.substr(authority.size());
    if (target.empty() || target.front() == '?') {
      return parse_target("/" + std::string(target), request.path, request.query)
                 ? std::nullopt
                 : std::optional<Refusal>({400, "The request target is malformed."});
    }
    break;
  }
  if (!parse_target(target, request.path, request.query)) {
    return Refusal{400, "The request target is malformed."};
  }
  return std::nullopt;
}

}  // namespace

std::optional<Refusal> check_head(Request& request, int minor, BodyPlan& plan) {
  plan = {};
  if (auto refusal = check_host(request, minor)) return refusal;
  if (auto refusal = check_transfer_encoding(request.headers, minor, plan)) return refusal;
  if (auto refusal = check_content_length(request.headers, plan)) return refusal;
  if (auto refusal = check_target(request)) return refusal;
  return check_expect(request.headers, minor, plan);
}

}  // namespace holdfast::http
