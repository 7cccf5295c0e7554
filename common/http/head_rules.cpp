// SPDX-License-Identifier: Apache-2.0
#include "common/http/head_rules.hpp"

#include "common/http/list_field.hpp"
#include "common/http/target.hpp"
#include "common/net/host_port.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

namespace holdfast::http {
namespace {

// uri-host [":" port] of RFC 3986, 3.2.2, without percent escapes and commas: no real name has
// them, and servers disagree about a list or an escaped delimiter. "host:" means the default port.
bool is_authority(std::string_view text) {
  const auto parts = net::split_host_port(text);
  if (!parts) return false;
  const auto& [host, port, bracketed] = *parts;
  if (port && !port->empty() && !text::parse_number<std::uint16_t>(*port)) return false;
  const std::string_view marks = bracketed ? ":." : "-._~!$&'()*+;=";
  return (!bracketed || host.size() >= 2) && text::all_of(host, [marks](char c) {
           return text::is_alphanumeric(c) || marks.find(c) != std::string_view::npos;
         });
}

std::optional<Refusal> check_host(const Request& request, int minor) {
  const std::size_t hosts = request.headers.count("Host");
  if (hosts > 1) return Refusal{400, "There is more than one Host header."};
  if (hosts == 0) {
    if (minor == 0) return std::nullopt;
    return Refusal{400, "The Host header is missing."};
  }
  if (!is_authority(*request.headers.find("Host")))
    return Refusal{400, "The Host header is malformed."};
  return std::nullopt;
}

std::optional<Refusal> check_transfer_encoding(const Headers& headers, int minor, BodyPlan& plan) {
  const std::size_t lines = headers.count("Transfer-Encoding");
  if (lines == 0) return std::nullopt;
  if (headers.find("Content-Length") != nullptr) {
    return Refusal{400, "Content-Length and Transfer-Encoding must not be combined."};
  }
  if (minor == 0) return Refusal{400, "Transfer-Encoding is not part of HTTP/1.0."};
  if (lines > 1) return Refusal{400, "There is more than one Transfer-Encoding header."};
  // Empty elements are refused, which other lists may have: what frames a body is read in one way
  // or not at all.
  std::string_view rest = *headers.find("Transfer-Encoding");
  std::size_t codings = 0;
  while (true) {
    const std::size_t comma = rest.find(',');
    if (!text::equals_ignoring_case(text::trim(rest.substr(0, comma)), "chunked")) {
      return Refusal{501, "The only supported transfer coding is 'chunked'."};
    }
    ++codings;
    if (comma == std::string_view::npos) break;
    rest = rest.substr(comma + 1);
  }
  if (codings > 1) return Refusal{400, "The chunked transfer coding is applied more than once."};
  plan.chunked = true;
  return std::nullopt;
}

std::optional<Refusal> check_content_length(const Headers& headers, BodyPlan& plan) {
  const std::size_t lines = headers.count("Content-Length");
  if (lines == 0) return std::nullopt;
  if (lines > 1) return Refusal{400, "There is more than one Content-Length header."};
  const std::string& text = *headers.find("Content-Length");
  const auto length = text::parse_number<decltype(plan.length)>(text);
  if (!length) return Refusal{400, "The Content-Length is not a number of bytes."};
  plan.length = *length;
  return std::nullopt;
}

std::optional<Refusal> check_expect(const Headers& headers, int minor, BodyPlan& plan) {
  if (minor == 0) return std::nullopt;  // RFC 9110, 10.1.1: 1.0 has none
  const std::string list = list_field(headers, "Expect").value_or("");
  for (std::string_view rest = list; !rest.empty();) {
    const std::string_view expectation = take_element(rest);
    if (expectation.empty()) continue;
    if (!text::equals_ignoring_case(expectation, "100-continue")) {
      return Refusal{417, "The only supported expectation is '100-continue'."};
    }
    plan.expects_continue = true;
  }
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
    if (authority.empty() || !is_authority(authority)) {
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
