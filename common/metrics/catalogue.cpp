// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/catalogue.hpp"

#include <fmt/format.h>

#include <stdexcept>

namespace holdfast::metrics {
namespace {

const Declaration* find_in(std::span<const Declaration> table, std::string_view name) {
  const auto at = std::find_if(table.begin(), table.end(),
                               [&](const Declaration& entry) { return entry.name == name; });
  return at == table.end() ? nullptr : &*at;
}

}  // namespace

const Declaration* find_declaration(std::string_view name) {
  const Declaration* found = find_in(worker_catalogue(), name);
  return found != nullptr ? found : find_in(supervisor_catalogue(), name);
}

const Declaration& declaration(std::string_view name) {
  const Declaration* found = find_declaration(name);
  if (found == nullptr) {
    throw std::logic_error(fmt::format("metric '{}' is not in the catalogue", name));
  }
  return *found;
}

Family declared_family(std::string_view name) {
  const Declaration& entry = declaration(name);
  return {std::string(entry.name), std::string(entry.help), entry.type, {}};
}

bool is_reserved(std::string_view name) {
  return name.starts_with("holdfast_") || find_in(supervisor_catalogue(), name) != nullptr;
}

}  // namespace holdfast::metrics
