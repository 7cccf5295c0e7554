// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact.hpp"

#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::log {

namespace {

constexpr std::string_view kMask = "***";

bool names_a_secret(std::string_view parameter) {
  const std::string name = text::to_lower(parameter);
  for (const std::string_view part : {"password", "secret", "token", "api_key", "apikey"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

// Where the user information of "user:password@host/…" ends; npos if there is none.
std::size_t find_at(std::string_view rest) {
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) return at;
  // No '@' in it: either a plain "host:port", or a password with a raw '/', '?' or '#' in it.
  const auto colon = authority.rfind(':');
  const bool plain = colon == std::string_view::npos || authority.starts_with('[') ||
                     text::all_of(authority.substr(colon + 1), text::is_digit);
  return plain ? std::string_view::npos : rest.rfind('@');
}

void append_authority(std::string& out, std::string_view user_information) {
  const auto colon = user_information.find(':');
  out += user_information.substr(0, colon);
  if (colon != std::string_view::npos) out.append(":").append(kMask);
}

void append_query(std::string& out, std::string_view query) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    const auto equals = parameter.find('=');
    if (equals != std::string_view::npos && names_a_secret(parameter.substr(0, equals))) {
      out.append(parameter.substr(0, equals + 1)).append(kMask);
    } else {
      out += parameter;
    }
    if (end < query.size()) out += '&';
    query.remove_prefix(std::min(end + 1, query.size()));
  }
}

// What follows "://" up to the end of the URL.
void append_url(std::string& out, std::string_view rest) {
  if (const auto at = find_at(rest); at != std::string_view::npos) {
    append_authority(out, rest.substr(0, at));
    rest.remove_prefix(at);
  }
  const auto question = rest.find('?');
  if (question == std::string_view::npos) {
    out += rest;
    return;
  }
  out += rest.substr(0, question + 1);
  append_query(out, rest.substr(question + 1));
}

}  // namespace

bool is_sensitive(std::string_view key) {
  // By length first: this runs for each field of each line.
  switch (key.size()) {
    case 5: return text::equals_ignoring_case(key, "token");
    case 6:
      return text::equals_ignoring_case(key, "cookie") || text::equals_ignoring_case(key, "secret");
    case 7: return text::equals_ignoring_case(key, "api_key");
    case 8: return text::equals_ignoring_case(key, "password");
    case 9: return text::equals_ignoring_case(key, "x-api-key");
    case 10: return text::equals_ignoring_case(key, "set-cookie");
    case 13: return text::equals_ignoring_case(key, "authorization");
    default: return false;
  }
}

std::string redact_url(std::string_view text) {
  constexpr std::string_view kMark = "://";
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto mark = text.find(kMark);
    if (mark == std::string_view::npos) {
      out += text;
      break;
    }
    out += text.substr(0, mark + kMark.size());
    text.remove_prefix(mark + kMark.size());
    const auto end = std::min(text.find_first_of(" \t\r\n\"'<>"), text.size());
    append_url(out, text.substr(0, end));
    text.remove_prefix(end);
  }
  return out;
}

}  // namespace holdfast::log
