// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a person sees of a line of a program's output on a terminal: without colours and other
// escape sequences (ECMA-48), without control characters, with U+FFFD for bytes that are not UTF-8.
//
// Threads: pure functions.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::text {

// `line`: without its newline. A carriage return, or a sequence that moves the cursor elsewhere,
// begins a new text: progress bars and spinners draw one over the other. Texts that are empty are
// left out. Together the texts have at most `max_bytes`; the rest is cut off. Linear.
std::vector<std::string> visible_texts(std::string_view line, std::size_t max_bytes);

}  // namespace holdfast::text
