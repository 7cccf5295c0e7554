// SPDX-License-Identifier: Apache-2.0
#include "common/log/secret_names.hpp"

#include "common/log/redact.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::log {

namespace {

bool contains_ignoring_case(std::string_view text, std::string_view part) {
  return std::search(text.begin(), text.end(), part.begin(), part.end(),
                     [](char a, char b) { return text::to_lower(a) == b; }) != text.end();
}

// "DB_PW", "GITHUB_PAT", "SALT": words that are too short, or parts of too many others, to be
// looked for anywhere in a name.
bool has_secret_ending(std::string_view name) {
  const auto start = name.find_last_of("_-.");
  const std::string_view last = name.substr(start == std::string_view::npos ? 0 : start + 1);
  return text::equals_ignoring_case(last, "pw") || text::equals_ignoring_case(last, "salt") ||
         (last.size() < name.size() && text::equals_ignoring_case(last, "pat"));
}

bool is_one_of_hosts(char c) {
  return text::is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '.';
}

}  // namespace

bool ends_ignoring_case(std::string_view text, std::string_view end) {
  return text.size() >= end.size() &&
         text::equals_ignoring_case(text.substr(text.size() - end.size()), end);
}

bool is_sensitive(std::string_view key) {
  // By the last letter first: this runs for each field of each line.
  if (key.empty()) return false;
  const auto ends_with = [&](std::string_view end) {
    return key.size() >= end.size() &&
           text::equals_ignoring_case(key.substr(key.size() - end.size()), end);
  };
  switch (text::to_lower(key.back())) {
    case 'd': return ends_with("password") || ends_with("passwd") || ends_with("pwd");
    case 'e': return ends_with("cookie") || ends_with("passphrase");
    case 'l': return ends_with("webhook_url");
    case 'n': return ends_with("token") || ends_with("authorization");
    case 's': return ends_with("credentials");
    case 't': return ends_with("secret");
    case 'y':
      if (!ends_with("key")) return false;
      key.remove_suffix(3);
      if (key.ends_with('_') || key.ends_with('-')) key.remove_suffix(1);
      return ends_with("api") || ends_with("private") || ends_with("secret") || ends_with("access");
    default: return false;
  }
}

bool sounds_secret(std::string_view name) {
  if (name == "PWD" || name == "OLDPWD") return false;
  while (name.starts_with('-'))
    name.remove_prefix(1);
  for (const std::string_view part :
       {"pass", "pwd", "secret", "token", "key", "credential", "cookie", "bearer"}) {
    if (contains_ignoring_case(name, part)) return true;
  }
  if (has_secret_ending(name)) return true;
  constexpr std::size_t kAuth = 4;
  return name.size() >= kAuth &&
         (text::equals_ignoring_case(name.substr(0, kAuth), "auth") ||
          text::equals_ignoring_case(name.substr(name.size() - kAuth), "auth"));
}

bool names_a_secret(std::string_view parameter) {
  return sounds_secret(parameter) || text::equals_ignoring_case(parameter, "sig") ||
         ends_ignoring_case(parameter, "signature") ||
         ends_ignoring_case(parameter, "authorization");
}

bool names_a_webhook(std::string_view text) {
  return contains_ignoring_case(text, "webhook");
}

bool looks_like_a_header(std::string_view name) {
  const auto hyphen = name.rfind('-');
  if (hyphen == std::string_view::npos || hyphen == 0) return false;
  const std::string_view last = name.substr(hyphen + 1);
  return sounds_secret(last) && !text::equals_ignoring_case(last, "auth");
}

bool is_sure_of_colon(std::string_view name) {
  if (is_sensitive(name) || looks_like_a_header(name)) return true;
  if (!text::all_of(name, is_one_of_hosts)) return true;
  const auto start = name.find_last_of("-.");
  const std::string_view last = name.substr(start == std::string_view::npos ? 0 : start + 1);
  return last == "pass" || last == "key" || last == "credential" || has_secret_ending(name);
}

}  // namespace holdfast::log
