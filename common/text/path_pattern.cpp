// SPDX-License-Identifier: Apache-2.0
#include "common/text/path_pattern.hpp"

#include <fnmatch.h>

#include <span>

namespace holdfast::text {

namespace {

using Parts = std::span<const std::string>;

constexpr std::string_view kAnyDirectories = "**";

std::vector<std::string> parts_of(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t slash = text.find('/');
    const std::string_view part = text.substr(0, slash);
    // Two stars in a row mean no more than one.
    const bool again = part == kAnyDirectories && !parts.empty() && parts.back() == part;
    if (!part.empty() && !again) parts.emplace_back(part);
    if (slash == std::string_view::npos) break;
    text.remove_prefix(slash + 1);
  }
  return parts;
}

bool same(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

bool match(Parts pattern, Parts path) {
  if (pattern.empty()) return path.empty();
  if (pattern.front() != kAnyDirectories) {
    return !path.empty() && same(pattern.front(), path.front()) &&
           match(pattern.subspan(1), path.subspan(1));
  }
  if (pattern.size() == 1) return !path.empty();
  for (std::size_t skipped = 0; skipped <= path.size(); ++skipped) {
    if (match(pattern.subspan(1), path.subspan(skipped))) return true;
  }
  return false;
}

bool leads_below(Parts pattern, Parts directory) {
  if (pattern.empty()) return false;
  if (pattern.front() == kAnyDirectories || directory.empty()) return true;
  return same(pattern.front(), directory.front()) &&
         leads_below(pattern.subspan(1), directory.subspan(1));
}

}  // namespace

PathPattern::PathPattern(std::string_view pattern) : parts_(parts_of(pattern)) {}

bool PathPattern::matches(std::string_view path) const {
  return match(parts_, parts_of(path));
}

bool PathPattern::may_match_below(std::string_view directory) const {
  return leads_below(parts_, parts_of(directory));
}

}  // namespace holdfast::text
