// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/ready_line.hpp"

#include "common/text/visible.hpp"

#include <algorithm>

namespace holdfast::supervisor::logs {

namespace {

// Escape sequences take room that nobody sees. Beyond this the line is looked at once, as it is.
constexpr std::size_t kMaxRaw = 4 * ReadyLine::kMaxVisible;

}  // namespace

bool ReadyLine::matches(const LinePart& part) {
  if (part.first) {
    line_.clear();
    if (!part.continues) return search(part.text);  // a whole line, as nearly all are
  }
  if (line_.size() >= kMaxRaw) return false;  // it was looked at as far as it counts
  line_.append(part.text.substr(0, kMaxRaw - line_.size()));
  return search(line_);
}

bool ReadyLine::search(std::string_view line) const {
  const auto texts = text::visible_texts(line.substr(0, kMaxRaw), kMaxVisible);
  return std::any_of(texts.begin(), texts.end(),
                     [this](const std::string& text) { return pattern_.found_in(text); });
}

}  // namespace holdfast::supervisor::logs
