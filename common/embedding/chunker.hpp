// SPDX-License-Identifier: Apache-2.0
#pragma once

// Cuts a text into overlapping chunks, the units that are embedded and found.
//
// A chunk is at most `size` bytes. It ends where a reader would pause: after a paragraph, else
// after a sentence, else at a line's end, else between words, looked for in the chunk's last half;
// text without any of these is cut between characters, and never inside a code point. The next
// chunk begins up to `overlap` bytes before that end, at a sentence or a word, so that a sentence
// on the seam is whole in at least one of the two.
//
// Guarantees, for any bytes: every byte is in at least one chunk; begins and ends both strictly
// increase; no chunk is empty or longer than `size`; the cost is linear in the text.
//
// Threads: pure functions.

#include "common/config/config.hpp"

#include <cstddef>
#include <string_view>
#include <vector>

namespace holdfast::embedding {

struct ChunkOptions {
  std::size_t size = 1200;    // bytes; less than 16 is taken as 16
  std::size_t overlap = 200;  // bytes; more than half of `size` is taken as half
};

ChunkOptions chunk_options(const config::Embedding& config);

// Byte offsets into the text: [begin, end).
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
  bool operator==(const Span&) const = default;
};

// An empty text has no chunks.
std::vector<Span> chunk_text(std::string_view text, const ChunkOptions& options);

}  // namespace holdfast::embedding
