// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sixteen bytes of a text at once, for the few loops that look at every byte of every log line.
// By the vector extensions of GCC and clang, which become SSE2 or NEON: what all machines have.
//
// Threads: pure functions.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace holdfast::text {

using ByteBlock = unsigned char __attribute__((vector_size(16)));
// What comparing a block with a byte yields: all bits of a byte that matches, none of the others.
using ByteMarks = signed char __attribute__((vector_size(16)));

inline constexpr std::size_t kByteBlock = sizeof(ByteBlock);

inline ByteBlock load_block(const char* bytes) {
  ByteBlock block;
  std::memcpy(&block, bytes, kByteBlock);
  return block;
}

// Calls use(const char* block, std::size_t at) for each block from `at` on, until it returns false.
// Up to kByteBlock bytes behind the block may be read too: NULs where the text has ended.
template <class Use>
void for_each_block(std::string_view text, std::size_t at, Use&& use) {
  std::array<char, 4 * kByteBlock> rest;
  const char* block = text.data() + at;
  bool at_rest = false;
  // One call of `use`, so that it becomes part of the loop.
  for (; at < text.size(); at += kByteBlock, block += kByteBlock) {
    const std::size_t left = text.size() - at;
    if (left < 2 * kByteBlock && !at_rest) {
      at_rest = true;
      constexpr std::size_t kTail = 2 * kByteBlock;
      std::memset(rest.data() + kTail, 0, rest.size() - kTail);
      if (text.size() >= kTail) {  // in one step of fixed size
        std::memcpy(rest.data(), text.data() + text.size() - kTail, kTail);
      } else {
        std::memcpy(rest.data() + kTail - left, block, left);
      }
      block = rest.data() + kTail - left;
    }
    if (!use(block, at)) return;
  }
}

inline bool any(ByteMarks marks) {
  std::array<std::uint64_t, 2> halves;
  std::memcpy(&halves, &marks, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

// One bit for each byte, the first byte's lowest.
inline std::uint32_t bits_of(ByteMarks marks) {
#ifdef __SSE2__
  using Chars = char __attribute__((vector_size(16)));
  return static_cast<std::uint32_t>(__builtin_ia32_pmovmskb128(std::bit_cast<Chars>(marks)));
#else
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < kByteBlock; ++i)
    bits |= static_cast<std::uint32_t>(marks[i] != 0) << i;
  return bits;
#endif
}

// The place of the first mark; kByteBlock if there is none.
inline std::size_t first_of(ByteMarks marks) {
  static_assert(std::endian::native == std::endian::little);
  std::array<std::uint64_t, 2> halves;
  std::memcpy(&halves, &marks, sizeof halves);
  constexpr std::size_t kHalf = sizeof halves[0];
  if (halves[0] != 0) return static_cast<std::size_t>(std::countr_zero(halves[0])) / 8;
  if (halves[1] != 0) return kHalf + static_cast<std::size_t>(std::countr_zero(halves[1])) / 8;
  return kByteBlock;
}

}  // namespace holdfast::text
