// SPDX-License-Identifier: Apache-2.0
#pragma once

// Texts within the limits of chat services. Lengths are in UTF-16 units, which is how the strictest
// of them count; a text is cut between two code points, and ends in an ellipsis then.
//
// Threads: pure functions.

#include <string>
#include <string_view>

namespace holdfast::supervisor::alerts {

std::size_t utf16_length(std::string_view text);

// At most `most` units. What is not UTF-8, and control characters, are made visible; what would
// open a code block is replaced.
std::string clip(std::string_view text, std::size_t most);

// The same with a replacement for each character, which is never cut in two.
using Escape = std::string_view (*)(char c);  // the replacement, or empty: as it is
std::string clip_escaped(std::string_view text, std::size_t most, Escape escape);

// A code block of at most `most` units with its fences; empty if nothing fits. The beginning is
// cut away rather than the end: the last lines say most. Fences in the text are replaced.
enum class Keep { Beginning, End };
std::string code_block(std::string_view text, std::size_t most, Keep keep, Escape escape);

std::string_view escape_nothing(char c);
std::string_view escape_slack(char c);    // & < >
std::string_view escape_discord(char c);  // Markdown

}  // namespace holdfast::supervisor::alerts
