// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fields whose value is a list (RFC 9110, 5.3 and 5.6.1): several lines are one list, and empty
// elements are none. Threads: pure functions.

#include "common/http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::http {

// The whole list, of all lines in their order; nothing if there is no such field, which for most is
// not the same as an empty list.
std::optional<std::string> list_field(const Headers& headers, std::string_view name);

// Takes the first element off the front of a list, without the blanks around it; it may be empty.
// For fields that have no quoted strings.
std::string_view take_element(std::string_view& list);

}  // namespace holdfast::http
