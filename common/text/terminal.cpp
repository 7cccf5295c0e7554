// SPDX-License-Identifier: Apache-2.0
#include "common/text/terminal.hpp"

#include "common/text/ascii.hpp"
#include "common/text/byte_block.hpp"
#include "common/text/hex.hpp"
#include "common/text/utf8.hpp"

namespace holdfast::text {

namespace {

constexpr char kDelete = '\x7f';

void append_unit(std::string& out, unsigned unit) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4)
    out += kHexDigits[(unit >> shift) & 0xF];
}

// Of "ESC [ 1 ; 31 m"; 0 if the text does not begin with such a sequence.
std::size_t colour_sequence(std::string_view text) {
  if (!text.starts_with("\x1b[")) return 0;
  std::size_t at = 2;
  while (at < text.size() && (is_digit(text[at]) || text[at] == ';' || text[at] == ':'))
    ++at;
  return at < text.size() && text[at] == 'm' ? at + 1 : 0;
}

std::string shown(std::string_view text, bool one_line) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const char first = text.front();
    std::size_t length = utf8_sequence(text);
    if (const std::size_t colour = colour_sequence(text); colour > 0) {
      length = colour;
    } else if (length == 0) {
      out += kReplacementUtf8;
      length = 1;
    } else if (length > 1 ? hidden_sequence(text) > 0
                          : (is_control(first) && first != '\t' && (one_line || first != '\n'))) {
      append_unicode_escape(out, decode_utf8(text).value);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

// Whether none of the next bytes is DEL or above it.
bool is_plain_block(const char* bytes) {
  return !any(load_block(bytes) >= static_cast<unsigned char>(kDelete));
}

// Where the first character is that escape_hidden() replaces; npos if there is none.
std::size_t find_hidden(std::string_view text, std::size_t from) {
  for (std::size_t at = from; at < text.size(); ++at) {
    while (at + kByteBlock <= text.size() && is_plain_block(text.data() + at))
      at += kByteBlock;
    if (at == text.size()) break;
    const char c = text[at];
    if (c == kDelete) return at;
    if (static_cast<unsigned char>(c) < 0x80 || is_utf8_continuation(c)) continue;
    if (hidden_sequence(text.substr(at)) > 0) return at;
  }
  return std::string_view::npos;
}

}  // namespace

std::size_t hidden_sequence(std::string_view text) {
  if (text.empty()) return 0;
  switch (static_cast<unsigned char>(text.front())) {  // the leads of all that is hidden
    case 0xC2:
    case 0xCD:
    case 0xD8:
    case 0xE1:
    case 0xE2:
    case 0xE3:
    case 0xEF:
    case 0xF0:
    case 0xF3: break;
    default: return 0;
  }
  const CodePoint decoded = decode_utf8(text);
  return decoded.length > 1 && is_hidden(decoded.value) ? decoded.length : 0;
}

void append_unicode_escape(std::string& out, char32_t code_point) {
  constexpr char32_t kFirstAbove = 0x10000;
  if (code_point < kFirstAbove) return append_unit(out, static_cast<unsigned>(code_point));
  const auto above = static_cast<unsigned>(code_point - kFirstAbove);
  append_unit(out, 0xD800 + (above >> 10));
  append_unit(out, 0xDC00 + (above & 0x3FF));
}

std::string for_terminal(std::string_view text) {
  return shown(text, false);
}

std::string for_terminal_line(std::string_view text) {
  return shown(text, true);
}

void escape_hidden(std::string& json, std::size_t from) {
  std::size_t at = find_hidden(json, from);
  if (at == std::string::npos) return;
  const std::string text = json.substr(at);
  json.resize(at);
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::size_t end = find_hidden(rest, 0);
    json += rest.substr(0, end);
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end);
    const CodePoint hidden = decode_utf8(rest);
    append_unicode_escape(json, hidden.value);
    rest.remove_prefix(hidden.length);
  }
}

}  // namespace holdfast::text
