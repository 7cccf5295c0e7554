// SPDX-License-Identifier: Apache-2.0
#include "common/store/labels.hpp"

#include "common/text/ascii.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>

namespace holdfast::store {

namespace {

void add_label(std::vector<Label>& labels, const std::string& name, std::string value) {
  const bool fits = name.size() <= kLongestLabel && value.size() <= kLongestLabel;
  if (fits && value.find('\0') == std::string::npos && name.find('\0') == std::string::npos)
    labels.push_back({name, std::move(value)});
}

void add_labels(std::vector<Label>& labels, const std::string& name, const nlohmann::json& value) {
  if (value.is_object()) {
    for (const auto& [key, inner] : value.items())
      add_labels(labels, name.empty() ? key : name + "." + key, inner);
    return;
  }
  if (value.is_array()) {
    for (const auto& element : value)
      add_labels(labels, name, element);
    return;
  }
  add_label(labels, name, label_value(value));
  // Workers of the release before ask for it as it is written, "100.0".
  if (value.is_number_float()) add_label(labels, name, value.dump());
}

}  // namespace

std::string label_value(const nlohmann::json& value) {
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_float()) {
    // From here on JSON's writers have an exponent. Integers end at 2^64, well below.
    constexpr double kBeyond = 1e21;
    const auto number = value.get<double>();
    if (number == 0) return "0";  // also if it is negative
    if (std::abs(number) < kBeyond && std::trunc(number) == number)
      return fmt::format("{:.0f}", number);
  }
  return value.dump();
}

std::string number_label(const std::string& text) {
  // The parser would skip blanks around a number.
  const bool can_be = !text.empty() && (text.front() == '-' || text::is_digit(text.front())) &&
                      text::is_digit(text.back());
  const auto number = nlohmann::json::parse(can_be ? text : "", nullptr, false);
  return number.is_number() ? label_value(number) : text;
}

std::vector<Label> labels_of(std::string_view metadata) {
  std::vector<Label> labels;
  const auto json = nlohmann::json::parse(metadata, nullptr, false);
  if (!json.is_object()) return labels;
  add_labels(labels, "", json);
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  return labels;
}

}  // namespace holdfast::store
