// SPDX-License-Identifier: Apache-2.0
#pragma once

// Our own writer of the Prometheus text format 0.0.4 and of OpenMetrics 1.0. prometheus-cpp's
// serializer is not used: it does not escape HELP, prints "Nan" and loses digits.
//
// Whatever it is given, the output is valid: families sorted by name, one HELP and TYPE per name,
// samples sorted by labels, `le` ascending, the +Inf bucket equal to the count. What cannot be
// written validly (bad names, a label twice, two equal label sets, falling buckets) is left out.
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

// The format with the highest q in an Accept header that we can write; 0.0.4 if there is none.
Format negotiate(std::string_view accept);

// Sorted by name, same names joined, and without what cannot stand beside the others: invalid
// names, a second type of one name, names that a histogram's or summary's samples take
// ("foo_count" beside the histogram "foo"). The first one in the list wins.
std::vector<Family> merge_families(std::vector<Family> families);

// The sample_names() of all of them.
std::set<std::string> sample_names(const std::vector<Family>& families);

// The samples of one family, without its header. `out` only grows.
void write_samples(const Family& family, Format format, std::string& out);

// A whole exposition. It ends with "# EOF" in both formats (a comment in 0.0.4), so that a reader
// can tell a complete answer from a cut one.
void write_text(std::vector<Family> families, Format format, std::string& out);

}  // namespace holdfast::metrics
