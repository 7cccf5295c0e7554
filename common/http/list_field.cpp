// SPDX-License-Identifier: Apache-2.0
#include "common/http/list_field.hpp"

#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::http {

std::optional<std::string> list_field(const Headers& headers, std::string_view name) {
  std::optional<std::string> list;
  for (const Headers::Field& field : headers.fields()) {
    if (!text::equals_ignoring_case(field.name, name)) continue;
    if (!list) list.emplace();
    if (!list->empty() && !field.value.empty()) *list += ", ";
    *list += field.value;
  }
  return list;
}

std::string_view take_element(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  const std::string_view element = text::trim(list.substr(0, comma));
  list.remove_prefix(std::min(comma + 1, list.size()));
  return element;
}

}  // namespace holdfast::http
