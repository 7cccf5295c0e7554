// SPDX-License-Identifier: Apache-2.0
#pragma once

// Patterns for names. Threads: any; pure.

#include <string_view>

namespace holdfast::text {

// `*` stands for any characters, `?` for one. Takes time linear in the text for each star.
bool glob_match(std::string_view pattern, std::string_view text);

// Whether the text means anything but itself as a pattern.
inline bool is_glob(std::string_view text) {
  return text.find_first_of("*?") != std::string_view::npos;
}

}  // namespace holdfast::text
