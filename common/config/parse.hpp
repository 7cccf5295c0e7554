// SPDX-License-Identifier: Apache-2.0
#pragma once

// Parses TOML 1.0.0 text into a document, with toml++.
// Threads: any.

#include "common/config/value.hpp"

#include <tl/expected.hpp>

#include <string>
#include <string_view>

namespace holdfast::config {

struct SyntaxError {
  Position at;
  std::string message;
};

// Parsing cannot continue after a syntax error, so there is at most one. Members are in file order.
// `file`: for all positions.
tl::expected<Table, SyntaxError> parse_toml(std::string_view text, int file = 0);

}  // namespace holdfast::config
