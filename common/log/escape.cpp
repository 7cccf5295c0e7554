// SPDX-License-Identifier: Apache-2.0
#include "common/log/escape.hpp"

#include <array>

namespace holdfast::log {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr std::string_view kCut = "\xE2\x80\xA6";          // "…"

// Copied unchanged: printable ASCII except '"' and '\'.
constexpr std::array<bool, 256> make_plain() {
  std::array<bool, 256> plain{};
  for (std::size_t c = 0x20; c < 0x7f; ++c)
    plain[c] = c != '"' && c != '\\';
  return plain;
}
constexpr std::array<bool, 256> kPlain = make_plain();

// The length of the well-formed UTF-8 sequence at the front of `text`, or 0. Source: RFC 3629,
// section 4 (no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t sequence_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto tail = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first >= 0xC2 && first <= 0xDF) return tail(1) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (!tail(1) || !tail(2)) return 0;
    if (first == 0xE0 && byte(1) < 0xA0) return 0;
    if (first == 0xED && byte(1) > 0x9F) return 0;
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!tail(1) || !tail(2) || !tail(3)) return 0;
    if (first == 0xF0 && byte(1) < 0x90) return 0;
    if (first == 0xF4 && byte(1) > 0x8F) return 0;
    return 4;
  }
  return 0;
}

struct Escape {
  std::array<char, 6> text{};
  std::size_t size = 0;
};

Escape escape_of(unsigned char c) {
  constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': return {{'\\', '"'}, 2};
    case '\\': return {{'\\', '\\'}, 2};
    case '\n': return {{'\\', 'n'}, 2};
    case '\r': return {{'\\', 'r'}, 2};
    case '\t': return {{'\\', 't'}, 2};
    default: return {{'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]}, 6};
  }
}

}  // namespace

bool append_escaped(Buffer& out, std::string_view text, std::size_t limit) {
  const auto has_room = [&](std::size_t size) { return out.size() + size + kCut.size() <= limit; };
  const auto put = [&](std::string_view part) { out.append(part.begin(), part.end()); };
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t run = at;
    while (run < text.size() && kPlain[static_cast<unsigned char>(text[run])])
      ++run;
    if (run > at) {
      if (!has_room(run - at)) {
        const std::size_t room =
            limit > out.size() + kCut.size() ? limit - out.size() - kCut.size() : 0;
        put(text.substr(at, room));
        break;
      }
      put(text.substr(at, run - at));
      at = run;
      continue;
    }
    const auto c = static_cast<unsigned char>(text[at]);
    if (c < 0x80) {
      const Escape escape = escape_of(c);
      if (!has_room(escape.size)) break;
      put({escape.text.data(), escape.size});
      ++at;
    } else {
      const std::size_t length = sequence_length(text.substr(at));
      const std::string_view part = length == 0 ? kReplacement : text.substr(at, length);
      if (!has_room(part.size())) break;
      put(part);
      at += part.size() == length ? length : 1;
    }
  }
  if (at == text.size()) return true;
  put(kCut);
  return false;
}

}  // namespace holdfast::log
