// SPDX-License-Identifier: Apache-2.0
// parse_target: RFC 3986 sections 2.1 and 3.3 to 3.4; '+' in a query is a space, as HTML forms
// send.
#include "common/http/message.hpp"
#include "common/http/syntax.hpp"

namespace holdfast::http {
namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool percent_decode(std::string_view text, bool plus_is_space, std::string& out) {
  out.clear();
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (text.size() - i < 3) return false;
      const int high = hex_digit(text[i + 1]);
      const int low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return false;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return is_utf8(out);
}

// An escaped slash, a backslash or a control character in a path is read differently by different
// servers: what a proxy in front let pass as one path must not be another one here.
bool is_ambiguous(std::string_view raw, std::string_view decoded) {
  for (std::size_t at = raw.find('%'); at != std::string_view::npos; at = raw.find('%', at + 1)) {
    if (raw[at + 1] == '2' && (raw[at + 2] == 'f' || raw[at + 2] == 'F')) return true;
  }
  for (const char c : decoded) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F || c == '\\') return true;
  }
  return false;
}

// Looked for after decoding, so that "%2e%2e" is one as well.
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
  // A fragment never travels; raw control characters and spaces are no part of a URI.
  for (const char c : target) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '#') return false;
  }
  const std::size_t mark = target.find('?');
  const std::string_view raw_path = target.substr(0, mark);
  if (!percent_decode(raw_path, false, path)) return false;
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
    if (!percent_decode(piece.substr(0, equals), true, entry.first)) return false;
    if (equals != std::string_view::npos &&
        !percent_decode(piece.substr(equals + 1), true, entry.second)) {
      return false;
    }
    query.push_back(std::move(entry));
  }
  return true;
}

}  // namespace holdfast::http
