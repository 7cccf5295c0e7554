// SPDX-License-Identifier: Apache-2.0
#pragma once

// The request for a worker's metrics, and the checks on its answer before it is parsed. The worker
// may be any program with an exporter. Threads: any; pure.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/message.hpp"
#include "supervisor/telemetry/ledger.hpp"

#include <string>
#include <string_view>

namespace holdfast::supervisor::collector {

// Prefers the text format 0.0.4: it has the names of the aggregate, all its series can be merged
// (OpenMetrics adds *_created and exemplars, which cannot), and every exporter speaks it.
// OpenMetrics is accepted too. Never compressed, because the answer does not leave the machine. As
// Prometheus does, tells an exporter that queries others by when it has to answer.
http::Headers request_headers(Duration within);

// The same URL with the parameter that marks the last scrape of a drained worker.
std::string final_url(std::string url);

// Why a request yielded no exposition.
enum class FetchFailure {
  Unreachable,  // nothing listens, or the connection broke
  Timeout,
  Status,     // anything but 200: errors, and redirects, which are not followed
  Oversized,  // more than LedgerLimits::snapshot_bytes
  Encoded,    // compressed, though that was not requested
  Malformed,  // not HTTP, or truncated
};
std::string_view to_string(FetchFailure failure);  // the value of the label `reason`

// What shows that an answer is whole: its Content-Length or chunks, unless it is OpenMetrics, whose
// end is a part of the format. A connection that closes shows nothing.
telemetry::Ending ending_of(const Result<http::Response>& answer);

// The exposition in an answer. If HTTP framing shows that the answer is complete, a missing final
// line feed is added: Prometheus accepts such an answer, too.
tl::expected<std::string, FetchFailure> exposition_of(Result<http::Response> answer);

}  // namespace holdfast::supervisor::collector
