// SPDX-License-Identifier: Apache-2.0
#pragma once

// What programs, listeners and groups may be called. Threads: any; pure.

#include "common/text/ascii.hpp"

#include <string>

namespace holdfast::config {

inline constexpr std::size_t kLongestName = 48;  // names are parts of socket paths and of labels
inline constexpr const char* kNameRule =
    "use a-z, 0-9 and '-', begin with a letter or digit, at most 48 characters";

// In commands it names every program, so no program may be called this.
inline constexpr const char* kEveryProgram = "all";

inline bool is_name(const std::string& name) {
  const auto plain = [](char c) { return text::is_lower(c) || text::is_digit(c); };
  return !name.empty() && name.size() <= kLongestName && plain(name.front()) &&
         text::all_of(name, [&](char c) { return plain(c) || c == '-'; });
}

}  // namespace holdfast::config
