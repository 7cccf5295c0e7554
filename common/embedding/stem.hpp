// SPDX-License-Identifier: Apache-2.0
#pragma once

// A light English stemmer: plurals after Harman's S-stemmer ("How effective is suffixing?", JASIS
// 42(1), 1991), then -ed, -ing, and a final e or y, as long as four letters stay. It only ever
// shortens, so that "grants", "granted" and "granting" are one feature. Words of other languages
// lose an ending now and then, always the same one. Threads: pure.

#include <cstddef>
#include <span>

namespace holdfast::embedding {

// How many letters of the lower-cased word make up its stem.
std::size_t stem_length(std::span<const char32_t> word);

}  // namespace holdfast::embedding
