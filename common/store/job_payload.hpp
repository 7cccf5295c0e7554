// SPDX-License-Identifier: Apache-2.0
#pragma once

// What an embedding job carries, as the JSON text in Job::payload: {"document_id", "version",
// "request_id", "traceparent"}. The store writes it with the document, the queue worker reads it.
//
// Threads: pure functions.

#include "common/base/result.hpp"
#include "common/store/types.hpp"

#include <cstdint>
#include <string>

namespace holdfast::store {

std::string make_job_payload(const NewDocument& document, std::int64_t version);

struct JobPayload {
  std::string document_id;
  std::string request_id;  // may be empty
};
Result<JobPayload> parse_job_payload(const std::string& json);  // InvalidArgument

}  // namespace holdfast::store
