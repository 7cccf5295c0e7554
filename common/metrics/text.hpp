// SPDX-License-Identifier: Apache-2.0
#pragma once

// The small pieces that both exposition formats are made of. They append to `out` and never fail:
// bytes that no parser would take (invalid UTF-8, NUL) become U+FFFD.
//
// Threads: any. Sources: Prometheus "Text-based format" 0.0.4; OpenMetrics 1.0 specification.

#include "common/metrics/model.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::metrics {

bool valid_metric_name(std::string_view name);  // [a-zA-Z_:][a-zA-Z0-9_:]*
bool valid_label_name(std::string_view name);  // [a-zA-Z_][a-zA-Z0-9_]*, and not "__…" (reserved)
bool valid_utf8(std::string_view text);        // RFC 3629, and no NUL

// Shortest decimal text that reads back as the same double; whole numbers without an exponent up to
// 1e15; "NaN", "+Inf", "-Inf".
void append_number(std::string& out, double value);

// A value of `le` or `quantile`. One spelling per format, for ever: 0.0.4 "1", OpenMetrics "1.0".
void append_bound(std::string& out, double value, Format format);

void append_label_value(std::string& out, std::string_view value);  // without the quotes
void append_help(std::string& out, std::string_view help, Format format);

// The lines "# HELP" and "# TYPE". `name` is the family's name in that format.
void append_header(std::string& out, std::string_view name, std::string_view help, Type type,
                   Format format);

// Ends every exposition that we write: required by OpenMetrics, a comment in 0.0.4.
inline constexpr std::string_view kEndMarker = "# EOF\n";

// Every name that the samples of a family use, its own included. Two families that share one cannot
// stand in one exposition.
std::vector<std::string> sample_names(std::string_view name, Type type);

// What HELP and TYPE call a family.
struct Heading {
  std::string_view name;
  Type type = Type::Untyped;
};

// OpenMetrics names a counter's family without "_total"; 0.0.4 with it. A counter that does not end
// in "_total", or whose short name `taken` says is another family's, cannot be an OpenMetrics
// counter and becomes `unknown`.
template <class Taken>
Heading heading_of(std::string_view name, Type type, Format format, const Taken& taken) {
  constexpr std::string_view kTotal = "_total";
  if (format != Format::OpenMetrics100 || type != Type::Counter) return {name, type};
  const std::string_view base = name.substr(0, name.size() - std::min(name.size(), kTotal.size()));
  if (!name.ends_with(kTotal) || base.empty() || taken(base)) return {name, Type::Untyped};
  return {base, type};
}

}  // namespace holdfast::metrics
