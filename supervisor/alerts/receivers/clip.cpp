// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receivers/clip.hpp"

#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"

namespace holdfast::supervisor::alerts {

namespace {

constexpr std::string_view kEllipsis = "\xE2\x80\xA6";
constexpr std::string_view kFence = "```";

std::size_t units(std::string_view code_point) {
  return code_point.size() == 4 ? 2 : 1;
}

// Cuts valid UTF-8 in pieces, one for each code point, and replaces each.
std::string clip_valid(std::string_view text, std::size_t most, Escape escape) {
  std::string out;
  std::size_t length = 0;
  std::size_t fits = 0;  // bytes of `out` that leave room for the ellipsis
  while (!text.empty()) {
    const std::string_view piece = text.substr(0, text::decode_utf8(text).length);
    std::string_view written = piece.size() == 1 ? escape(piece.front()) : std::string_view();
    if (written.empty()) written = piece;
    length += utf16_length(written);
    if (length > most) {
      out.resize(fits);
      if (most > 0) out += kEllipsis;
      return out;
    }
    out += written;
    if (length < most) fits = out.size();
    text.remove_prefix(piece.size());
  }
  return out;
}

std::string without_fences(std::string text) {
  for (auto at = text.find(kFence); at != std::string::npos; at = text.find(kFence, at))
    text.replace(at, kFence.size(), "'''");
  return text;
}

// The end of valid UTF-8 that, escaped, has at most `most` units, beginning with a whole line if
// there is one.
std::string_view end_of(std::string_view text, std::size_t most, Escape escape) {
  std::size_t length = 0;
  std::size_t begin = text.size();
  while (begin > 0) {
    std::size_t at = begin - 1;
    while (at > 0 && text::is_utf8_continuation(text[at]))
      --at;
    const std::string_view piece = text.substr(at, begin - at);
    const std::string_view written = piece.size() == 1 ? escape(piece.front()) : std::string_view();
    length += written.empty() ? units(piece) : utf16_length(written);
    if (length > most) break;
    begin = at;
  }
  if (begin == 0) return text;
  const std::string_view end = text.substr(begin);
  const auto line = end.find('\n');
  return line == std::string_view::npos || line + 1 == end.size() ? end : end.substr(line + 1);
}

}  // namespace

std::size_t utf16_length(std::string_view text) {
  std::size_t length = 0;
  while (!text.empty()) {
    const std::size_t size = text::decode_utf8(text).length;
    length += units(text.substr(0, size));
    text.remove_prefix(size);
  }
  return length;
}

std::string clip(std::string_view text, std::size_t most) {
  return clip_escaped(text, most, escape_nothing);
}

std::string clip_escaped(std::string_view text, std::size_t most, Escape escape) {
  // Far more than any limit, so that a huge text is not looked at as a whole.
  constexpr std::size_t kMostBytes = 64u << 10;
  return clip_valid(without_fences(text::for_terminal(text::truncate_utf8(text, kMostBytes))), most,
                    escape);
}

std::string code_block(std::string_view text, std::size_t most, Keep keep, Escape escape) {
  constexpr std::size_t kAround = 8;  // two fences, each on a line of its own
  constexpr std::size_t kMostBytes = 64u << 10;
  if (most <= kAround + 1 || text.empty()) return {};
  if (keep == Keep::End && text.size() > kMostBytes) text.remove_prefix(text.size() - kMostBytes);
  std::string clean = without_fences(text::for_terminal(text::truncate_utf8(text, kMostBytes)));
  while (clean.ends_with('\n'))
    clean.pop_back();
  if (clean.empty()) return {};
  if (keep == Keep::End) {
    const std::string_view end = end_of(clean, most - kAround - 2, escape);
    if (end.size() < clean.size()) clean = std::string(kEllipsis) + "\n" + std::string(end);
  }
  return std::string(kFence) + "\n" + clip_valid(clean, most - kAround, escape) + "\n" +
         std::string(kFence);
}

std::string_view escape_nothing(char) {
  return {};
}

std::string_view escape_slack(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    default: return {};
  }
}

std::string_view escape_discord(char c) {
  switch (c) {
    case '\\': return "\\\\";
    case '*': return "\\*";
    case '_': return "\\_";
    case '~': return "\\~";
    case '`': return "\\`";
    case '|': return "\\|";
    case '>': return "\\>";
    case '#': return "\\#";
    case '[': return "\\[";
    case ']': return "\\]";
    default: return {};
  }
}

}  // namespace holdfast::supervisor::alerts
