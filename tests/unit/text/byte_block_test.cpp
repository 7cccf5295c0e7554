// SPDX-License-Identifier: Apache-2.0
#include "common/text/byte_block.hpp"

#include "tests/support/catch.hpp"

#include <string>

using namespace holdfast::text;

TEST_CASE("blocks cover a text of any length, and end in NULs") {
  for (std::size_t length = 0; length < 5 * kByteBlock; ++length) {
    const std::string text(length, 'x');
    for (std::size_t from : {std::size_t{0}, std::size_t{1}, length}) {
      if (from > length) continue;
      std::string seen;
      std::size_t expected = from;
      bool follows = true;  // the bytes behind each block are those of the text
      for_each_block(text, from, [&](const char* block, std::size_t at) {
        CHECK(at == expected);
        expected += kByteBlock;
        seen.append(block, kByteBlock);
        for (std::size_t i = 0; i < 2 * kByteBlock; ++i)
          follows = follows && block[i] == (at + i < length ? 'x' : '\0');
        return true;
      });
      CHECK(follows);
      CHECK(seen.substr(0, length - from) == text.substr(from));
      CHECK(seen.find_first_not_of('\0', length - from) == std::string::npos);
    }
  }
}

TEST_CASE("blocks end when the caller has seen enough") {
  const std::string text(100, 'x');
  int blocks = 0;
  for_each_block(text, 0, [&](const char*, std::size_t) { return ++blocks < 2; });
  CHECK(blocks == 2);
}

TEST_CASE("the first mark is found in each place") {
  for (std::size_t place = 0; place < kByteBlock; ++place) {
    std::string text(kByteBlock, '.');
    text[place] = 'x';
    text.back() = 'x';
    const ByteMarks marks = load_block(text.data()) == 'x';
    CHECK(any(marks));
    CHECK(first_of(marks) == place);
  }
  const ByteMarks none = load_block("................") == 'x';
  CHECK_FALSE(any(none));
  CHECK(first_of(none) == kByteBlock);
}

TEST_CASE("each mark is one bit") {
  for (unsigned pattern = 0; pattern < 1u << kByteBlock; pattern += 7) {
    std::string text(kByteBlock, '.');
    for (std::size_t i = 0; i < kByteBlock; ++i) {
      if ((pattern >> i & 1u) != 0) text[i] = 'x';
    }
    REQUIRE(bits_of(load_block(text.data()) == 'x') == pattern);
  }
}
