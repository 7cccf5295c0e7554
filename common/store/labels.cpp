// SPDX-License-Identifier: Apache-2.0
#include "common/store/labels.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::store {

namespace {

constexpr std::size_t kMostLabels = 256;

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
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  const bool fits = name.size() <= kLongestLabel && text.size() <= kLongestLabel;
  if (fits && text.find('\0') == std::string::npos && name.find('\0') == std::string::npos)
    labels.push_back({name, std::move(text)});
}

}  // namespace

std::vector<Label> labels_of(std::string_view metadata) {
  std::vector<Label> labels;
  const auto json = nlohmann::json::parse(metadata, nullptr, false);
  if (!json.is_object()) return labels;
  add_labels(labels, "", json);
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  if (labels.size() > kMostLabels) labels.resize(kMostLabels);
  return labels;
}

}  // namespace holdfast::store
