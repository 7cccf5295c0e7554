// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which jobs a request names, and what is to become of them. Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/http/message.hpp"
#include "common/store/types.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::api {

// From the query string: status=dead,waiting&kind=…&queue=…&older_than=7d&limit=…&cursor=…
// 422 for a value that is none of these.
tl::expected<store::JobQuery, ProblemDetails> read_job_query(const http::Request& request);

// The queue that a query string names: queue=…, else the default one.
tl::expected<std::string, ProblemDetails> read_queue_query(const http::Request& request);

struct BulkChange {
  store::JobChange change;
  // How many jobs the client expects to change, of those that are not named one by one; unset: it
  // wants to know how many there are.
  std::optional<std::int64_t> count;
};
// From a JSON body: {"action", "ids" or "status", "kind", "queue", "older_than"; "count"}.
tl::expected<BulkChange, ProblemDetails> read_bulk_change(const http::Request& request,
                                                          std::string_view body);

struct QueueName {
  std::string queue = "default";
  std::string kind;  // empty: all
};
// From a JSON body: {"queue", "kind"}, both optional.
tl::expected<QueueName, ProblemDetails> read_queue_name(const http::Request& request,
                                                        std::string_view body);

}  // namespace holdfast::api
