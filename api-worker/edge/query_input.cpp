// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/query_input.hpp"

#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::api {

std::string out_of_range(std::uint32_t low, std::uint32_t high) {
  return fmt::format("must be a whole number from {} to {}", low, high);
}

const std::string* query_text(const http::Request& request, std::string_view name,
                              std::vector<FieldError>& errors) {
  const auto given = std::count_if(request.query.begin(), request.query.end(),
                                   [&](const auto& parameter) { return parameter.first == name; });
  if (given > 1) errors.push_back({"", std::string(name), "must be given once"});
  return request.query_value(name);
}

std::uint32_t query_number(const http::Request& request, std::string_view name, std::uint32_t low,
                           std::uint32_t high, std::uint32_t fallback,
                           std::vector<FieldError>& errors) {
  const std::string* text = query_text(request, name, errors);
  if (text == nullptr) return fallback;
  const auto value = text::parse_digits<std::int64_t>(*text);
  if (!value || *value < low || *value > high) {
    errors.push_back({"", std::string(name), out_of_range(low, high)});
    return fallback;
  }
  return static_cast<std::uint32_t>(*value);
}

}  // namespace holdfast::api
