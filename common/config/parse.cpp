// SPDX-License-Identifier: Apache-2.0
#include "common/config/parse.hpp"

#include <toml++/toml.h>

#include <algorithm>

namespace holdfast::config {

namespace {

Position position_of(const toml::source_region& region, int file) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column), file};
}

Value convert(const toml::node& node, int file);

Table convert_table(const toml::table& table, int file) {
  Table out;
  out.reserve(table.size());
  for (const auto& [key, node] : table) {
    out.push_back({std::string(key.str()), position_of(key.source(), file), convert(node, file)});
  }
  // The library sorts by name; the order of programs is that of the file.
  std::stable_sort(out.begin(), out.end(),
                   [](const Member& a, const Member& b) { return a.at < b.at; });
  return out;
}

Array convert_array(const toml::array& array, int file) {
  Array out;
  out.reserve(array.size());
  for (const toml::node& node : array)
    out.push_back(convert(node, file));
  return out;
}

Value convert(const toml::node& node, int file) {
  const Position at = position_of(node.source(), file);
  switch (node.type()) {
    case toml::node_type::string: return {node.ref<std::string>(), at};
    case toml::node_type::integer: return {node.ref<std::int64_t>(), at};
    case toml::node_type::floating_point: return {node.ref<double>(), at};
    case toml::node_type::boolean: return {node.ref<bool>(), at};
    case toml::node_type::array: return {convert_array(*node.as_array(), file), at};
    case toml::node_type::table: return {convert_table(*node.as_table(), file), at};
    default: return {Foreign{"a date or time"}, at};
  }
}

}  // namespace

tl::expected<Table, SyntaxError> parse_toml(std::string_view text, int file) {
  try {
    return convert_table(toml::parse(text), file);
  } catch (const toml::parse_error& error) {
    return tl::unexpected(
        SyntaxError{position_of(error.source(), file), std::string(error.description())});
  }
}

}  // namespace holdfast::config
