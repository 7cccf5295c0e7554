// SPDX-License-Identifier: Apache-2.0
#pragma once

// HeadBits: where the words of a line of text begin and end, and what they are made of. Sixteen
// bytes are looked at in one step: text_level() asks it of every line of every program.
//
// Threads: one at a time; pure. The text outlives it.

#include "common/text/byte_block.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace holdfast::supervisor::logs {

class HeadBits {
 public:
  static constexpr std::size_t kLongest = 192;

  // `head`: no longer than kLongest.
  explicit HeadBits(std::string_view head) : head_(head) {}

  // The first place from `from` on of a byte that is of the kind, or is not; `end` if there is none
  // before it.
  std::size_t space(std::size_t from, std::size_t end) { return first(kSpace, 0, from, end); }
  std::size_t no_space(std::size_t from, std::size_t end) { return first(kSpace, kAll, from, end); }
  std::size_t letter(std::size_t from, std::size_t end) { return first(kLetter, 0, from, end); }
  std::size_t no_letter(std::size_t from, std::size_t end) {
    return first(kLetter, kAll, from, end);
  }
  // Digits, brackets, parentheses and bars.
  std::size_t header_mark(std::size_t from, std::size_t end) { return first(kMark, 0, from, end); }

 private:
  enum Kind : std::size_t { kSpace, kLetter, kMark, kKinds };
  static constexpr std::size_t kWord = 64;  // bytes of the head in one word of bits
  static constexpr std::uint64_t kAll = ~std::uint64_t{0};

  std::size_t first(Kind kind, std::uint64_t invert, std::size_t from, std::size_t end) {
    while (from < end) {
      const std::size_t word = from / kWord;
      for (; known_ <= word; ++known_)
        read(known_);
      const std::uint64_t bits = (bits_[word][kind] ^ invert) >> from % kWord;
      if (bits != 0) {
        return std::min(end, from + static_cast<std::size_t>(std::countr_zero(bits)));
      }
      from = (word + 1) * kWord;
    }
    return end;
  }

  void read(std::size_t word) {
    std::array<char, kWord> bytes{};
    const std::string_view part = head_.substr(word * kWord, kWord);
    if (part.size() == kWord) {
      std::memcpy(bytes.data(), part.data(), kWord);
    } else {
      part.copy(bytes.data(), part.size());
    }
    for (std::size_t at = 0; at < part.size(); at += text::kByteBlock) {
      const text::ByteBlock block = text::load_block(bytes.data() + at);
      const text::ByteBlock lower = block | 0x20;
      const auto put = [&](Kind kind, text::ByteMarks marks) {
        bits_[word][kind] |= static_cast<std::uint64_t>(text::bits_of(marks)) << at;
      };
      put(kSpace, (block == ' ') | (block == '\t'));
      put(kLetter, (lower >= 'a') & (lower <= 'z'));
      put(kMark, ((block >= '0') & (block <= '9')) | (block == '[') | (block == ']') |
                     (block == '(') | (block == ')') | (block == '|'));
    }
  }

  std::string_view head_;
  std::size_t known_ = 0;  // words that have been read
  std::array<std::array<std::uint64_t, kKinds>, kLongest / kWord> bits_{};
};

}  // namespace holdfast::supervisor::logs
