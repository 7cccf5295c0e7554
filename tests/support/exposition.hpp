// SPDX-License-Identifier: Apache-2.0
#pragma once

// A checker of expositions that shares no code with the product's writer and parser, so that it
// does not share their mistakes.

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::test {

// One sample line. `labels` have their escapes resolved.
struct ExpositionLine {
  std::string name;
  std::map<std::string, std::string> labels;
  double value = 0;
};

// Nothing if it is not `name{labels} value`, or has a label twice.
std::optional<ExpositionLine> read_exposition_line(std::string_view text);

// The first thing that is wrong with an exposition, if any: a malformed line, bytes that are not
// UTF-8, a sample outside of its family, HELP or TYPE twice or missing, a series twice (however it
// is spelled), `le` not ascending, buckets that decrease or are not counts, +Inf missing or not the
// count, a counter that is negative or NaN, no end marker. With `open_metrics` also: a counter's
// names, families whose names may clash, `le` and `quantile` not in their canonical spelling, sums
// and quantiles that are negative, sums that are NaN or beside negative bounds, a histogram's count
// without a sum or the other way round.
std::optional<std::string> check_exposition(std::string_view text, bool open_metrics = false);

}  // namespace holdfast::test
