// SPDX-License-Identifier: Apache-2.0
#pragma once

// Our own writer of the Prometheus text format 0.0.4 and of OpenMetrics 1.0. prometheus-cpp's
// serializer is not used: it does not escape HELP, prints "Nan" and loses digits.
//
// The output is valid for any input: families sorted by name, one HELP and TYPE per name, samples
// sorted by labels, `le` ascending, the +Inf bucket equal to the count. What has no valid form (bad
// names, repeated labels, duplicate label sets, decreasing buckets) is left out.
//
// Threads: any.

#include "common/metrics/model.hpp"

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::metrics {

// The full Content-Type with its version; Prometheus 3 refuses a scrape without one.
std::string_view content_type(Format format);

// The supported format with the highest q in an Accept header; 0.0.4 if there is none.
Format negotiate(std::string_view accept);

// Sorts by name, joins families of the same name, and drops what conflicts: invalid names, a second
// type of a name, names that the samples of a histogram or summary use ("foo_count" beside the
// histogram "foo"). The first in the list takes precedence.
std::vector<Family> merge_families(std::vector<Family> families);

// The sample_names() of all of them.
std::set<std::string> sample_names(const std::vector<Family>& families);

// The samples of one family, without its header. `out` only grows.
void write_samples(const Family& family, Format format, std::string& out);

// A complete exposition. It ends with "# EOF" in both formats (a comment in 0.0.4), so that a
// reader can detect truncation.
void write_text(std::vector<Family> families, Format format, std::string& out);

}  // namespace holdfast::metrics
