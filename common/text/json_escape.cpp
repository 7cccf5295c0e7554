// SPDX-License-Identifier: Apache-2.0
#include "common/text/json_escape.hpp"

#include "common/text/byte_block.hpp"
#include "common/text/hex.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"

#include <array>

namespace holdfast::text {

namespace {

bool is_literal(char c) {
  return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

// From `at` on: where the first byte is that is not literal ASCII.
std::size_t end_of_literal(std::string_view text, std::size_t at) {
  for (; at + kByteBlock <= text.size(); at += kByteBlock) {
    const ByteBlock bytes = load_block(text.data() + at);
    const std::size_t first =
        first_of((bytes < 0x20) | (bytes >= 0x7f) | (bytes == '"') | (bytes == '\\'));
    if (first < kByteBlock) return at + first;
  }
  while (at < text.size() && is_literal(text[at]))
    ++at;
  return at;
}

struct Escape {
  std::array<char, 6> text{};
  std::size_t size = 0;
};

constexpr Escape escape_of(unsigned char c) {
  switch (c) {
    case '"': return {{'\\', '"'}, 2};
    case '\\': return {{'\\', '\\'}, 2};
    case '\b': return {{'\\', 'b'}, 2};
    case '\f': return {{'\\', 'f'}, 2};
    case '\n': return {{'\\', 'n'}, 2};
    case '\r': return {{'\\', 'r'}, 2};
    case '\t': return {{'\\', 't'}, 2};
    default: return {{'\\', 'u', '0', '0', kHexDigits[c >> 4], kHexDigits[c & 0x0f]}, 6};
  }
}

constexpr std::array<Escape, 128> make_escapes() {
  std::array<Escape, 128> escapes{};
  for (unsigned char c = 0; c < 128; ++c)
    escapes[c] = escape_of(c);
  return escapes;
}
constexpr auto kEscapes = make_escapes();

}  // namespace

std::size_t json_literal_run(std::string_view text) {
  std::size_t run = 0;
  while (run < text.size()) {
    if (is_literal(text[run])) {
      run = end_of_literal(text, run);
      continue;
    }
    const bool ascii = static_cast<unsigned char>(text[run]) < 0x80;
    const std::size_t length = ascii ? 0 : utf8_sequence(text.substr(run));
    if (length == 0 || hidden_sequence(text.substr(run)) > 0) break;
    run += length;
  }
  return run;
}

JsonEscape json_escape(std::string_view text) {
  JsonEscape result;
  const auto set = [&result](std::string_view escape) {
    result.size = escape.copy(result.text.data(), result.text.size());
  };
  const auto byte = static_cast<unsigned char>(text.front());
  if (byte < 0x80) {
    const Escape& escape = kEscapes[byte];
    set({escape.text.data(), escape.size});
  } else if (const std::size_t hidden = hidden_sequence(text); hidden > 0) {
    std::string escape;
    append_unicode_escape(escape, decode_utf8(text).value);
    set(escape);
    result.length = hidden;
  } else {
    set(kReplacementUtf8);
  }
  return result;
}

void append_json_escaped(std::string& out, std::string_view text) {
  escape_json(text, [&out](std::string_view piece, bool) {
    out.append(piece);
    return true;
  });
}

void append_json_string(std::string& out, std::string_view text) {
  out.reserve(out.size() + text.size() + 2);
  out += '"';
  append_json_escaped(out, text);
  out += '"';
}

}  // namespace holdfast::text
