// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker is asked for its metrics, and what its answer is worth before it is read. The
// worker may be any program with an exporter. Pure; any thread.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"

#include <string>
#include <string_view>

namespace holdfast::supervisor::telemetry {

// The text format 0.0.4 is asked for, because its names are those of the aggregate, its series are
// all of use (OpenMetrics adds *_created and exemplars, which cannot be merged), and every exporter
// speaks it; OpenMetrics is read as well. Never compressed: the way is short. An exporter that asks
// others in turn is told when to be done, as Prometheus tells it.
http::Headers request_headers(Duration within);

// The same address, with the word that makes this a drained worker's last scrape.
std::string final_url(std::string url);

// Why a request brought nothing to read.
enum class FetchFailure {
  Unreachable,  // nobody listens, or the connection broke
  Timeout,
  Status,     // anything but 200: errors, and redirects, which are not followed
  Oversized,  // more than Limits::snapshot_bytes
  Encoded,    // compressed without having been asked for
  Malformed,  // no HTTP, or cut off
};
std::string_view to_string(FetchFailure failure);  // the value of the label `reason`

// The exposition in an answer. If HTTP says that it is whole, a last line that is not ended is
// ended: Prometheus reads it, too.
tl::expected<std::string, FetchFailure> exposition_of(Result<http::Response> answer);

}  // namespace holdfast::supervisor::telemetry
