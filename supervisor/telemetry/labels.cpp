// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/labels.hpp"

#include "common/metrics/text.hpp"

#include <algorithm>

namespace holdfast::supervisor::telemetry {
namespace {

bool by_name(const ParsedLabel& a, const ParsedLabel& b) {
  return a.name < b.name;
}

void append_value(std::string_view raw, std::string& out) {
  if (raw.find('\\') == std::string_view::npos) {
    out += raw;  // it was quoted on one line, so nothing needs an escape
  } else {
    metrics::append_label_value(out, unescape(raw));
  }
}

}  // namespace

bool LabelWriter::add(AddedLabel added) {
  constexpr std::string_view kPrefix = "exported_";
  constexpr std::size_t kMostPrefixes = 4;
  free_ = added.name;
  for (std::size_t prefixes = 0; find_label(sorted_, free_); ++prefixes) {
    if (prefixes == kMostPrefixes) return false;
    free_.insert(0, kPrefix);
  }
  for (ParsedLabel& label : sorted_) {
    if (label.name == added.name) label.name = free_;
  }
  sorted_.push_back({added.name, added.value});
  return true;
}

bool LabelWriter::append(std::span<const ParsedLabel> labels, std::string_view omitted,
                         AddedLabel added, std::string& out) {
  if (labels.size() > limits_.labels) return false;
  sorted_.clear();
  for (const ParsedLabel& label : labels) {
    if (label.name == omitted) continue;
    if (label.value.size() > limits_.label_value_bytes || !metrics::valid_label_name(label.name) ||
        !metrics::valid_utf8(label.value)) {
      return false;
    }
    sorted_.push_back(label);
  }
  if (!added.name.empty() && !add(added)) return false;
  if (!std::is_sorted(sorted_.begin(), sorted_.end(), by_name)) {
    std::sort(sorted_.begin(), sorted_.end(), by_name);
  }
  bool first = true;
  for (std::size_t i = 0; i < sorted_.size(); ++i) {
    const ParsedLabel& label = sorted_[i];
    if (i > 0 && sorted_[i - 1].name == label.name) return false;
    if (label.value.empty()) continue;
    if (!first) out += ',';
    first = false;
    out += label.name;
    out += "=\"";
    append_value(label.value, out);
    out += '"';
  }
  return true;
}

std::optional<std::string_view> find_label(std::span<const ParsedLabel> labels,
                                           std::string_view name) {
  for (const ParsedLabel& label : labels) {
    if (label.name == name) return label.value;
  }
  return std::nullopt;
}

std::string_view label_value(std::string_view labels, std::string_view name) {
  while (!labels.empty()) {
    const auto equals = labels.find("=\"");
    if (equals == std::string_view::npos) return {};
    auto end = equals + 2;
    while (end < labels.size() && labels[end] != '"')
      end += labels[end] == '\\' ? 2U : 1U;
    if (end >= labels.size()) return {};
    if (labels.substr(0, equals) == name) return labels.substr(equals + 2, end - equals - 2);
    labels.remove_prefix(std::min(labels.size(), end + 2));  // `",`
  }
  return {};
}

}  // namespace holdfast::supervisor::telemetry
