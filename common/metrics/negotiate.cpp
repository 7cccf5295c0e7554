// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/exposition.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::metrics {
namespace {

// Cuts `text` at the first `separator` and returns what stood before it.
std::string_view next(std::string_view& text, char separator) {
  const std::size_t at = text.find(separator);
  const std::string_view head = text.substr(0, at);
  text = at == std::string_view::npos ? std::string_view{} : text.substr(at + 1);
  return text::trim(head);
}

struct Range {
  std::string_view media;
  std::string_view version;
  double q = 1.0;
};

Range parse_range(std::string_view text) {
  Range range;
  range.media = next(text, ';');
  while (!text.empty()) {
    std::string_view parameter = next(text, ';');
    const std::string_view key = next(parameter, '=');
    const std::string_view value = text::trim(parameter);
    if (key == "version") range.version = value;
    if (key == "q" || key == "Q") range.q = text::parse_number<double>(value).value_or(0);
  }
  return range;
}

}  // namespace

Format negotiate(std::string_view accept) {
  double text = 0;
  double open_metrics = 0;
  while (!accept.empty()) {
    const Range range = parse_range(next(accept, ','));
    const bool named = range.media == "application/openmetrics-text";
    if (named && (range.version.empty() || range.version == "1.0.0")) {
      open_metrics = std::max(open_metrics, range.q);
    }
    const bool plain = range.media == "text/plain" || range.media == "text/*";
    if ((plain && (range.version.empty() || range.version == "0.0.4")) || range.media == "*/*") {
      text = std::max(text, range.q);
    }
  }
  // Only a client that asks for OpenMetrics by name, and likes it best, gets it.
  return open_metrics > 0 && open_metrics >= text ? Format::OpenMetrics100 : Format::Text004;
}

}  // namespace holdfast::metrics
