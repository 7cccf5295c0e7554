// SPDX-License-Identifier: Apache-2.0
#pragma once

// The opaque cursor of a listing: the key of the last row, so that a page costs the same however
// deep it is, and rows added meanwhile shift nothing. Threads: pure functions.

#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::store {

std::string format_page_cursor(std::int64_t seq);
Result<std::int64_t> parse_page_cursor(std::string_view cursor);  // InvalidArgument

}  // namespace holdfast::store
