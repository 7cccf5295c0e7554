// SPDX-License-Identifier: Apache-2.0
#pragma once

// The Vary field, to which several parts of a response contribute. Pure.

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
  std::string_view rest = *present;
  for (;;) {
    const auto comma = rest.find(',');
    std::string_view entry = rest.substr(0, comma);
    while (entry.starts_with(' '))
      entry.remove_prefix(1);
    if (entry == "*" || text::equals_ignoring_case(entry, name)) return;
    if (comma == std::string_view::npos) break;
    rest.remove_prefix(comma + 1);
  }
  response.headers.set("Vary", *present + ", " + std::string(name));
}

}  // namespace holdfast::http
