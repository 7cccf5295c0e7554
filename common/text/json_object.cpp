// SPDX-License-Identifier: Apache-2.0
#include "common/text/json_object.hpp"

#include "common/text/ascii.hpp"
#include "common/text/byte_block.hpp"
#include "common/text/hex.hpp"
#include "common/text/utf8.hpp"

#include <array>
#include <bit>
#include <bitset>
#include <cstdint>

namespace holdfast::text {

namespace {

enum class StringByte : unsigned char { Plain, Quote, Backslash, Control, High };

constexpr std::array<StringByte, 256> classify_string_bytes() {
  std::array<StringByte, 256> table{};
  for (std::size_t c = 0; c < 0x20; ++c)
    table[c] = StringByte::Control;
  for (std::size_t c = 0x80; c < 0x100; ++c)
    table[c] = StringByte::High;
  table['"'] = StringByte::Quote;
  table['\\'] = StringByte::Backslash;
  return table;
}

constexpr std::array<StringByte, 256> kStringBytes = classify_string_bytes();

class Scanner {
 public:
  explicit Scanner(std::string_view text) : at_(text.data()), end_(text.data() + text.size()) {}

  bool object(JsonMembers& members) {
    skip_space();
    if (!take('{')) return false;
    skip_space();
    if (!take('}') && !members_of(members)) return false;
    skip_space();
    return at_ == end_;
  }

 private:
  // A NUL stands for the end: no token begins with one.
  char peek() const { return at_ == end_ ? '\0' : *at_; }

  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  void skip_space() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r'))
      ++at_;
  }

  bool members_of(JsonMembers& members) {
    for (;;) {
      JsonMember member;
      if (!take('"')) return false;
      const char* const key = at_;
      if (!string(&member.escaped_key)) return false;
      member.key = {key, static_cast<std::size_t>(at_ - key) - 1};
      if (!colon()) return false;
      const char* const value_begin = at_;
      if (!value()) return false;
      member.value = {value_begin, static_cast<std::size_t>(at_ - value_begin)};
      members.push_back(member);
      skip_space();
      if (take('}')) return true;
      if (!take(',')) return false;
      skip_space();
    }
  }

  bool colon() {
    skip_space();
    if (!take(':')) return false;
    skip_space();
    return true;
  }

  bool key() { return take('"') && string() && colon(); }

  // Iterative, so that the nesting of a hostile line costs no stack.
  bool value() {
    std::bitset<kMaxJsonDepth> is_object;
    std::size_t depth = 0;
    for (;;) {
      if (peek() == '{' || peek() == '[') {
        const bool object = *at_++ == '{';
        skip_space();
        if (!take(object ? '}' : ']')) {
          if (depth == kMaxJsonDepth) return false;
          is_object[depth++] = object;
          if (object && !key()) return false;
          continue;
        }
      } else if (!scalar()) {
        return false;
      }
      for (;; --depth) {
        if (depth == 0) return true;
        const bool object = is_object[depth - 1];
        skip_space();
        if (take(',')) {
          skip_space();
          if (object && !key()) return false;
          break;
        }
        if (!take(object ? '}' : ']')) return false;
      }
    }
  }

  bool scalar() {
    switch (peek()) {
      case '"': ++at_; return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }

  bool word(std::string_view expected) {
    if (!std::string_view(at_, static_cast<std::size_t>(end_ - at_)).starts_with(expected)) {
      return false;
    }
    at_ += expected.size();
    return true;
  }

  bool digits() {
    if (!is_digit(peek())) return false;
    while (is_digit(peek()))
      ++at_;
    return true;
  }

  bool number() {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (peek() != 'e' && peek() != 'E') return true;
    ++at_;
    if (!take('+')) take('-');
    return digits();
  }

  // From after the opening quote to after the closing one.
  bool string(bool* escaped = nullptr) {
    skip_plain_blocks();
    while (at_ != end_) {
      switch (kStringBytes[static_cast<unsigned char>(*at_)]) {
        case StringByte::Plain: ++at_; break;
        case StringByte::Quote: ++at_; return true;
        case StringByte::Control: return false;
        case StringByte::Backslash:
          if (escaped != nullptr) *escaped = true;
          if (!escape()) return false;
          break;
        case StringByte::High: {
          const std::size_t length = utf8_sequence({at_, static_cast<std::size_t>(end_ - at_)});
          if (length == 0) return false;
          at_ += length;
          break;
        }
      }
    }
    return false;
  }

  // Stops at a byte that is not Plain, or near the end.
  void skip_plain_blocks() {
    while (static_cast<std::size_t>(end_ - at_) >= kByteBlock) {
      const ByteBlock bytes = load_block(at_);
      const std::uint32_t others =
          bits_of((bytes == '"') | (bytes == '\\') | (bytes < 0x20) | (bytes >= 0x80));
      if (others != 0) {
        at_ += std::countr_zero(others);
        return;
      }
      at_ += kByteBlock;
    }
  }

  bool escape() {
    ++at_;
    const char c = peek();
    if (c != 'u') {
      if (std::string_view("\"\\/bfnrt").find(c) == std::string_view::npos) return false;
      ++at_;
      return true;
    }
    const auto unit = hex_unit();
    if (!unit || (*unit >= 0xDC00 && *unit <= 0xDFFF)) return false;
    if (*unit < 0xD800 || *unit > 0xDBFF) return true;
    if (!take('\\') || peek() != 'u') return false;
    const auto low = hex_unit();
    return low && *low >= 0xDC00 && *low <= 0xDFFF;
  }

  // "u0041", with `at_` on the u.
  std::optional<unsigned> hex_unit() {
    if (end_ - at_ < 5) return std::nullopt;
    unsigned unit = 0;
    for (int i = 1; i <= 4; ++i) {
      const int digit = hex_value(at_[i]);
      if (digit < 0) return std::nullopt;
      unit = unit << 4 | static_cast<unsigned>(digit);
    }
    at_ += 5;
    return unit;
  }

  const char* at_;
  const char* end_;
};

unsigned unit_at(std::string_view text, std::size_t at) {
  unsigned unit = 0;
  for (const char c : text.substr(at, 4))
    unit = unit << 4 | static_cast<unsigned>(hex_value(c));
  return unit;
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

}  // namespace

bool scan_json_object(std::string_view text, JsonMembers& members) {
  members.clear();
  return Scanner(text).object(members);
}

std::string unescape_json(std::string_view inside) {
  std::string out;
  out.reserve(inside.size());
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] != '\\') {
      out.push_back(inside[i]);
      continue;
    }
    switch (const char c = inside[++i]) {
      case 'b': out.push_back('\b'); break;
      case 'f': out.push_back('\f'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case 't': out.push_back('\t'); break;
      case 'u': {
        std::uint32_t code = unit_at(inside, i + 1);
        i += 4;
        if (code >= 0xD800 && code <= 0xDBFF) {
          code = 0x10000 + ((code - 0xD800) << 10) + (unit_at(inside, i + 3) - 0xDC00);
          i += 6;
        }
        append_utf8(out, code);
        break;
      }
      default: out.push_back(c); break;
    }
  }
  return out;
}

std::optional<std::string> json_string_value(std::string_view value) {
  if (value.size() < 2 || value.front() != '"') return std::nullopt;
  return unescape_json(value.substr(1, value.size() - 2));
}

}  // namespace holdfast::text
