// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_payload.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::store {

std::string make_job_payload(const NewDocument& document, std::int64_t version) {
  nlohmann::ordered_json payload;
  payload["document_id"] = document.id;
  payload["version"] = version;
  payload["request_id"] = document.request_id;
  payload["traceparent"] = document.traceparent;
  // The ids are the caller's: invalid UTF-8 in them is replaced rather than thrown about.
  return payload.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

Result<JobPayload> parse_job_payload(const std::string& json) {
  const auto parsed = nlohmann::json::parse(json, nullptr, false);
  const auto text = [&](const char* key) {
    const auto found = parsed.find(key);
    return found != parsed.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  JobPayload payload;
  if (parsed.is_object()) payload = {text("document_id"), text("request_id")};
  if (payload.document_id.empty()) {
    return fail(ErrorKind::InvalidArgument, "the job's payload has no document_id");
  }
  return payload;
}

}  // namespace holdfast::store
