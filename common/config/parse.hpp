// SPDX-License-Identifier: Apache-2.0
#pragma once

// TOML text to a document. Source of the rules: TOML 1.0.0, by toml++.
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

// TOML cannot be resumed after a syntax error, so there is at most one. Members are in file order.
tl::expected<Table, SyntaxError> parse_toml(std::string_view text);

}  // namespace holdfast::config
