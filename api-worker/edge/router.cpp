// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/router.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace holdfast::api {

namespace {

// Takes "/segment" off the front of `path`.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

std::string allow_of(const std::vector<std::string>& methods) {
  std::string allow;
  for (const std::string& method : methods) {
    allow += method == "GET" ? "GET, HEAD, " : method + ", ";
  }
  return allow + "OPTIONS";
}

}  // namespace

std::vector<Router::Segment> Router::split_pattern(std::string_view pattern) {
  if (pattern.empty() || pattern[0] != '/') {
    throw std::invalid_argument(fmt::format("route '{}' does not begin with '/'", pattern));
  }
  std::vector<Segment> segments;
  while (!pattern.empty()) {
    const std::string_view text = take_segment(pattern);
    const bool placeholder = text.size() > 2 && text.front() == '{' && text.back() == '}';
    segments.push_back({std::string(text), placeholder});
  }
  return segments;
}

void Router::add(std::string_view method, std::string_view pattern, RouteHandler handler,
                 HeadCheck check) {
  auto entry = std::find_if(entries_.begin(), entries_.end(),
                            [&](const auto& known) { return known->pattern == pattern; });
  if (entry == entries_.end()) {
    auto added = std::make_unique<Entry>();
    added->pattern = pattern;
    added->segments = split_pattern(pattern);
    const auto placeholders = [](const Entry& e) {
      return std::count_if(e.segments.begin(), e.segments.end(),
                           [](const Segment& segment) { return segment.placeholder; });
    };
    const auto place = std::upper_bound(
        entries_.begin(), entries_.end(), placeholders(*added),
        [&](auto count, const auto& known) { return count < placeholders(*known); });
    entry = entries_.insert(place, std::move(added));
  }
  std::vector<Method>& methods = (*entry)->methods;
  std::vector<std::string> names;
  for (const Method& known : methods) {
    if (known.name == method) {
      throw std::invalid_argument(fmt::format("route {} {} is already defined", method, pattern));
    }
    names.push_back(known.name);
  }
  methods.push_back({std::string(method), std::move(handler), std::move(check)});
  names.emplace_back(method);
  (*entry)->allow = allow_of(names);
}

void Router::check_path(std::string_view pattern, PathCheck check) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const auto& known) { return known->pattern == pattern; });
  if (entry == entries_.end())
    throw std::invalid_argument(fmt::format("there is no route {}", pattern));
  (*entry)->check = std::move(check);
}

bool Router::matches(const Entry& entry, std::string_view path, std::vector<std::string>& values) {
  values.clear();
  for (const Segment& expected : entry.segments) {
    if (path.empty()) return false;
    const std::string_view segment = take_segment(path);
    if (expected.placeholder) {
      if (segment.empty()) return false;
      values.emplace_back(segment);
    } else if (segment != expected.text) {
      return false;
    }
  }
  return path.empty();
}

std::vector<std::pair<std::string, std::string>> Router::routes() const {
  std::vector<std::pair<std::string, std::string>> routes;
  for (const auto& entry : entries_) {
    for (const Method& method : entry->methods)
      routes.emplace_back(method.name, entry->pattern);
  }
  return routes;
}

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match match;
  if (path.empty() || path[0] != '/') return match;
  for (const auto& entry : entries_) {
    if (!matches(*entry, path, match.path_values)) continue;
    match.route = entry->pattern;
    match.allow = entry->allow;
    const std::string_view wanted = method == "HEAD" ? "GET" : method;
    for (const Method& known : entry->methods) {
      if (known.name != wanted) continue;
      match.handler = &known.handler;
      match.check = &known.check;
      match.path_check = &entry->check;
    }
    return match;
  }
  match.path_values.clear();
  return match;
}

}  // namespace holdfast::api
