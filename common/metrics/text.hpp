// SPDX-License-Identifier: Apache-2.0
#pragma once

// The elements of both exposition formats. They append to `out` and never fail: bytes that no
// parser accepts (invalid UTF-8, NUL) become U+FFFD.
//
// Threads: any. Sources: Prometheus "Text-based format" 0.0.4; OpenMetrics 1.0 specification.

#include "common/metrics/model.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::metrics {

bool valid_metric_name(std::string_view name);  // [a-zA-Z_:][a-zA-Z0-9_:]*
bool valid_label_name(std::string_view name);  // [a-zA-Z_][a-zA-Z0-9_]*, and not "__…" (reserved)
bool valid_utf8(std::string_view text);        // RFC 3629, and no NUL

// Shortest decimal text that reads back as the same double, with an exponent only below 1e-4 and
// from 1e21 on; whole numbers without one up to 1e15; "NaN", "+Inf", "-Inf".
void append_number(std::string& out, double value);

// A value of `le` or `quantile`, spelled as Prometheus's own clients do, because it is a label, and
// "5e-04" is another one than "0.0005": an exponent below 1e-4 and from 1e6 on ("1e+06").
// OpenMetrics has "1.0" for "1".
void append_bound(std::string& out, double value, Format format);

void append_label_value(std::string& out, std::string_view value);  // without the quotes
void append_help(std::string& out, std::string_view help, Format format);

// The lines "# HELP" and "# TYPE". `name` is the family's name in that format.
void append_header(std::string& out, std::string_view name, std::string_view help, Type type,
                   Format format);

// Ends every exposition that we write: required by OpenMetrics, a comment in 0.0.4.
inline constexpr std::string_view kEndMarker = "# EOF\n";

// Every name that the samples of a family use or that is reserved for them, its own included. Two
// families that share a name cannot be in the same exposition. (A counter's "_created" is not
// included: see short_names.)
std::vector<std::string> sample_names(std::string_view name, Type type);

// What a counter has besides in OpenMetrics: its name without "_total", and that with "_created".
// One program may use these for families of its own, as Python's client does; others that come
// after it may not, as they would decide what type the counter has. Empty for all but counters.
std::vector<std::string> short_names(std::string_view name, Type type);

// Whether a histogram or summary has a "_sum". In OpenMetrics it is a counter, so there is none
// where observations are negative, or could be, judging by the lowest bound. A histogram in
// OpenMetrics has a "_count" if and only if it has a "_sum"; the bucket +Inf has the same value.
inline bool has_sum(Format format, double lowest_bound, double sum) {
  return format == Format::Text004 || (lowest_bound >= 0 && sum >= 0);
}

// The name and type of a family in HELP and TYPE.
struct Heading {
  std::string_view name;
  Type type = Type::Untyped;
};

// OpenMetrics names a counter's family without "_total", 0.0.4 with it. OpenMetrics also reserves
// "_created" for the counter. A counter that does not end in "_total", or whose names conflict with
// another family's, cannot be an OpenMetrics counter and becomes `unknown`. `taken` returns whether
// a name is among the sample_names() of any family.
Heading heading_of(std::string_view name, Type type, Format format,
                   const std::function<bool(const std::string&)>& taken);

}  // namespace holdfast::metrics
