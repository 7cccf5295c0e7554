// SPDX-License-Identifier: Apache-2.0
#include "common/log/redact_url.hpp"

#include "common/log/secret_names.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>

namespace holdfast::log {

namespace {

constexpr std::string_view kUrlMask = "***";

// A segment of a path that nobody could guess.
bool is_random(std::string_view segment) {
  constexpr std::size_t kShortest = 20;
  return segment.size() >= kShortest && std::any_of(segment.begin(), segment.end(), text::is_digit);
}

// Of services where the path has the secret: pings of dead-man's switches and the like.
constexpr std::array<std::string_view, 6> kHostsWithKeys = {
    "api.telegram.org",       "events.pagerduty.com", "hc-ping.com",
    "uptime.betterstack.com", "maker.ifttt.com",      "betteruptime.com"};

// Slack, Discord, Teams, Telegram, Mattermost, Rocket.Chat, PagerDuty, healthchecks: whoever knows
// the path may post.
bool is_webhook(std::string_view host, std::string_view path) {
  if (host.starts_with("hooks.") || names_a_webhook(host) || names_a_webhook(path)) return true;
  const std::string_view name = host.substr(0, host.find(':'));
  if (std::find(kHostsWithKeys.begin(), kHostsWithKeys.end(), name) != kHostsWithKeys.end())
    return true;
  constexpr std::string_view kHooks = "/hooks/";
  const auto at = path.find(kHooks);
  if (at == std::string_view::npos) return false;
  const std::string_view rest = path.substr(at + kHooks.size());
  return is_random(rest.substr(0, rest.find_first_of("/?#"))) || is_random(rest);
}

std::string_view authority_of(std::string_view rest) {
  return rest.substr(0, rest.find_first_of("/?#"));
}

// "host", "host:port", "[address]:port".
bool is_plain(std::string_view authority) {
  const auto colon = authority.find(':');
  return colon == std::string_view::npos || authority.starts_with('[') ||
         text::all_of(authority.substr(colon + 1), text::is_digit);
}

// Where the user information of "user:password@host/…" ends; npos if there is none.
std::size_t find_at(std::string_view rest) {
  const std::string_view authority = authority_of(rest);
  const auto at = authority.rfind('@');
  if (at != std::string_view::npos) return at;
  // Else it may be a password with a raw '/', '?' or '#' in it.
  return is_plain(authority) ? std::string_view::npos : rest.rfind('@');
}

// Where, in what follows "://", another URL begins: in a list ("redis://a,redis://b") or in the
// path or the query of the first. npos if there is none.
std::size_t find_next_url(std::string_view rest) {
  constexpr std::string_view kMark = "://";
  for (auto mark = rest.find(kMark); mark != std::string_view::npos;
       mark = rest.find(kMark, mark + kMark.size())) {
    std::size_t begin = mark;
    while (begin > 0 && (text::is_alphanumeric(rest[begin - 1]) ||
                         std::string_view("+.-").find(rest[begin - 1]) != std::string_view::npos))
      --begin;
    if (begin == 0 || begin == mark) continue;
    if (std::string_view(",;|/?&=#()[]{}").find(rest[begin - 1]) == std::string_view::npos)
      continue;
    const std::string_view first = rest.substr(0, begin - 1);
    // A password that was not encoded may have all of this in it.
    if (find_at(first) == std::string_view::npos && !is_plain(authority_of(first))) continue;
    // The whole value is a secret.
    const auto name = first.find_last_of("?&;,#");
    if (rest[begin - 1] == '=' && name != std::string_view::npos &&
        names_a_secret(first.substr(name + 1)))
      continue;
    return begin;
  }
  return std::string_view::npos;
}

void append_authority(std::string& out, std::string_view user_information) {
  const auto colon = user_information.find(':');
  // So long a name is a token: "https://ghp_…@github.com".
  constexpr std::size_t kLongestName = 24;
  if (colon == std::string_view::npos && user_information.size() > kLongestName) {
    out += kUrlMask;
    return;
  }
  out += user_information.substr(0, colon);
  if (colon != std::string_view::npos) out.append(":").append(kUrlMask);
}

void append_query(std::string& out, std::string_view query) {
  while (!query.empty()) {
    const auto end = std::min(query.find('&'), query.size());
    const std::string_view parameter = query.substr(0, end);
    const auto equals = parameter.find('=');
    if (equals != std::string_view::npos && names_a_secret(parameter.substr(0, equals))) {
      out.append(parameter.substr(0, equals + 1)).append(kUrlMask);
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
  const std::string_view host = rest.substr(0, rest.find_first_of("/?#"));
  const std::string_view path = rest.substr(host.size());
  if (path.size() > 1 && is_webhook(host.substr(host.find('@') + 1), path)) {
    out.append(host).append("/").append(kUrlMask);
    return;
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
    const auto next = find_next_url(text.substr(0, end));
    const auto last = next == std::string_view::npos ? end : next - 1;  // what is between them
    append_url(out, text.substr(0, last));
    text.remove_prefix(last);
  }
  return out;
}

}  // namespace holdfast::log
