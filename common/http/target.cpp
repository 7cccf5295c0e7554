// SPDX-License-Identifier: Apache-2.0
// parse_target(): RFC 3986, 2.1 and 3.3 to 3.4. A '+' in a query is a space, as HTML forms send it.
#include "common/http/message.hpp"
#include "common/text/ascii.hpp"
#include "common/text/percent.hpp"
#include "common/text/utf8.hpp"

namespace holdfast::http {
namespace {

bool decode(std::string_view text, text::Plus plus, std::string& out) {
  return text::percent_decode(text, out, plus) && text::is_utf8(out);
}

// Servers disagree about an escaped slash, a backslash or a control character in a path: what a
// proxy in front let pass as one path must not become another one here.
bool is_ambiguous(std::string_view raw, std::string_view decoded) {
  for (std::size_t at = raw.find('%'); at != std::string_view::npos; at = raw.find('%', at + 1)) {
    if (raw[at + 1] == '2' && (raw[at + 2] == 'f' || raw[at + 2] == 'F')) return true;
  }
  return !text::all_of(decoded, [](char c) { return c != '\\' && !text::is_control(c); });
}

// `path` is decoded, so that "%2e%2e" is found as well.
bool has_dot_segment(std::string_view path) {
  std::size_t begin = 1;
  while (begin <= path.size()) {
    std::size_t end = path.find('/', begin);
    if (end == std::string_view::npos) end = path.size();
    const std::string_view segment = path.substr(begin, end - begin);
    if (segment == "." || segment == "..") return true;
    begin = end + 1;
  }
  return false;
}

}  // namespace

bool parse_target(std::string_view target, std::string& path,
                  std::vector<std::pair<std::string, std::string>>& query) {
  query.clear();
  if (target.empty() || target.front() != '/') return false;
  // A fragment is never sent; spaces and control characters are not part of a URI.
  const auto is_allowed = [](char c) { return c != ' ' && c != '#' && !text::is_control(c); };
  if (!text::all_of(target, is_allowed)) return false;
  const std::size_t mark = target.find('?');
  const std::string_view raw_path = target.substr(0, mark);
  if (!decode(raw_path, text::Plus::Literal, path)) return false;
  if (is_ambiguous(raw_path, path) || has_dot_segment(path)) return false;
  if (mark == std::string_view::npos) return true;

  std::string_view rest = target.substr(mark + 1);
  while (!rest.empty()) {
    const std::size_t end = rest.find('&');
    const std::string_view piece = rest.substr(0, end);
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
    if (piece.empty()) continue;
    const std::size_t equals = piece.find('=');
    std::pair<std::string, std::string> entry;
    if (!decode(piece.substr(0, equals), text::Plus::Space, entry.first)) return false;
    if (equals != std::string_view::npos &&
        !decode(piece.substr(equals + 1), text::Plus::Space, entry.second)) {
      return false;
    }
    query.push_back(std::move(entry));
  }
  return true;
}

}  // namespace holdfast::http
