// SPDX-License-Identifier: Apache-2.0
#include "common/text/utf8.hpp"

#include <cstdint>
#include <cstring>

namespace holdfast::text {

namespace {

// How many bytes at the front of `text` are ASCII, counted eight at a time: at least all but the
// last seven.
std::size_t ascii_run(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  std::size_t run = 0;
  while (text.size() - run >= sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + run, sizeof word);
    if ((word & kHighBits) != 0) break;
    run += sizeof word;
  }
  return run;
}

}  // namespace

std::size_t find_invalid_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = utf8_sequence(text.substr(at));
    if (length == 0) return at;
    at += length;
    if (length == 1) at += ascii_run(text.substr(at));
  }
  return std::string_view::npos;
}

CodePoint decode_utf8(std::string_view text) {
  const auto bits = [text](std::size_t i) { return static_cast<unsigned char>(text[i]) & 0x3Fu; };
  const auto lead = static_cast<unsigned char>(text[0]);
  switch (utf8_sequence(text)) {
    case 1: return {lead, 1};
    case 2: return {(lead & 0x1Fu) << 6 | bits(1), 2};
    case 3: return {(lead & 0x0Fu) << 12 | bits(1) << 6 | bits(2), 3};
    case 4: return {(lead & 0x07u) << 18 | bits(1) << 12 | bits(2) << 6 | bits(3), 4};
    default: return {};
  }
}

bool is_code_point_boundary(std::string_view text, std::size_t at) {
  if (at == 0 || at >= text.size() || !is_utf8_continuation(text[at])) return true;
  // Inside a code point only if a valid one begins before it and reaches it.
  for (std::size_t back = 1; back <= 3 && back <= at; ++back) {
    if (is_utf8_continuation(text[at - back])) continue;
    return utf8_sequence(text.substr(at - back)) <= back;
  }
  return true;
}

std::string_view truncate_utf8(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (!is_code_point_boundary(text, max_bytes))
    --max_bytes;
  return text.substr(0, max_bytes);
}

std::size_t count_code_points(std::string_view text) {
  std::size_t count = 0;
  for (const char c : text)
    count += is_utf8_continuation(c) ? 0 : 1;
  return count;
}

std::string_view utf8_prefix(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_utf8_continuation(text[i])) continue;
    if (count == 0) return text.substr(0, i);
    --count;
  }
  return text;
}

}  // namespace holdfast::text
