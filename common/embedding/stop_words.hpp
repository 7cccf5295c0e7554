// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commonest English words, which say little about what a text is about. Threads: pure.

#include <span>

namespace holdfast::embedding {

// `word`: lower-cased code points, apostrophes left out ("dont").
bool is_stop_word(std::span<const char32_t> word);

}  // namespace holdfast::embedding
