// SPDX-License-Identifier: Apache-2.0
#pragma once

// W3C Trace Context: the traceparent field, read and written.
// https://www.w3.org/TR/trace-context/#traceparent-header
// Threads: values and pure functions; child() asks the kernel for random bytes.

#include "common/http/message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::api {

struct TraceContext {
  std::string trace_id;   // 32 lower-case hex digits, not all zero
  std::string parent_id;  // 16 of them: the caller's span
  bool sampled = false;

  // A new trace, for a request without one.
  static TraceContext start();
  // The field for an outgoing call or a job: the same trace, a new parent id.
  std::string child() const;
};

// One field value. Version 00 is exactly 55 characters; a higher version is read by its first 55.
// Version ff, upper-case hex and all-zero ids are invalid.
std::optional<TraceContext> parse_traceparent(std::string_view value);

// Nothing if the field is missing, invalid or repeated.
std::optional<TraceContext> read_trace(const http::Headers& headers);

}  // namespace holdfast::api
