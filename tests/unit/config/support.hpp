// SPDX-License-Identifier: Apache-2.0
#pragma once

// A file that loads, or the problems of one that does not, as one text.

#include "common/config/load.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <string_view>

namespace holdfast::config {

inline Loaded load_good(std::string_view text, const Environ& environ = {}) {
  auto loaded = load_text(text, "holdfast.toml", environ);
  INFO((loaded ? std::string() : format(loaded.error())));
  REQUIRE(loaded);
  return *loaded;
}

inline std::string load_bad(std::string_view text, const Environ& environ = {}) {
  const auto loaded = load_text(text, "holdfast.toml", environ);
  REQUIRE_FALSE(loaded);
  return format(loaded.error());
}

inline std::size_t count_lines(const std::string& text) {
  return text.empty() ? 0
                      : static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
}

inline const Program& program_named(const Config& config, std::string_view name) {
  for (const Program& program : config.programs) {
    if (program.name == name) return program;
  }
  FAIL("no program " << name);
  throw std::logic_error("unreachable");
}

}  // namespace holdfast::config
