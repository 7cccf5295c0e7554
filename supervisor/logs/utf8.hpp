// SPDX-License-Identifier: Apache-2.0
#pragma once

// One character of UTF-8 at a time, as RFC 3629 defines it: no overlong forms, no surrogates.

#include <cstddef>
#include <string_view>

namespace holdfast::supervisor::logs {

// The length in bytes of the character that `text` starts with; 0 if it starts with none.
constexpr std::size_t utf8_length(std::string_view text) {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (text.empty()) return 0;
  const unsigned char first = at(0);
  if (first < 0x80) return 1;
  const std::size_t length = first < 0xc2   ? 0
                             : first < 0xe0 ? 2
                             : first < 0xf0 ? 3
                             : first < 0xf5 ? 4
                                            : 0;
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(i) & 0xc0) != 0x80) return 0;
  }
  if (first == 0xe0 && at(1) < 0xa0) return 0;   // overlong
  if (first == 0xed && at(1) >= 0xa0) return 0;  // surrogate
  if (first == 0xf0 && at(1) < 0x90) return 0;   // overlong
  if (first == 0xf4 && at(1) >= 0x90) return 0;  // above U+10FFFF
  return length;
}

}  // namespace holdfast::supervisor::logs
