// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Vary field, to which several parts of a response contribute. Pure.

#include "common/http/list_field.hpp"
#include "common/http/message.hpp"
#include "common/text/ascii.hpp"

#include <string>
#include <string_view>

namespace holdfast::http {

// Adds a field's name to Vary unless it is there already; Vary stays one line.
inline void add_vary(Response& response, std::string_view name) {
  const std::string* const present = response.headers.find("Vary");
  if (present == nullptr) {
    response.headers.set("Vary", name);
    return;
  }
  for (std::string_view rest = *present; !rest.empty();) {
    const std::string_view entry = take_element(rest);
    if (entry == "*" || text::equals_ignoring_case(entry, name)) return;
  }
  response.headers.set("Vary", *present + ", " + std::string(name));
}

}  // namespace holdfast::http
