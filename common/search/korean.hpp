// SPDX-License-Identifier: Apache-2.0
#pragma once

// Korean particles, which are written at the end of a noun. They are told from the end of another
// noun by what stands before them: after a consonant the subject has 이, after a vowel 가.
//
// Threads: a pure function.

#include <string_view>

namespace holdfast::search {

// Whether a word of composed syllables is a noun of one syllable, alone or with particles: 책,
// 책을, 책들에서, but neither 책상 nor 나이.
bool is_short_noun(std::u32string_view word);

}  // namespace holdfast::search
