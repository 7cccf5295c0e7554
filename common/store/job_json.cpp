// SPDX-License-Identifier: Apache-2.0
#include "common/store/job_json.hpp"

#include "common/base/clock.hpp"
#include "common/text/json_writer.hpp"

namespace holdfast::store {

std::string job_json(const Job& job) {
  std::string out;
  text::JsonWriter json(out);
  const auto time = [&json](std::string_view name, std::int64_t unix_ms) {
    json.field(name, format_unix_ms(unix_ms));
  };
  json.begin_object();
  json.field("id", job.id);
  json.field("kind", job.kind);
  json.field("queue", job.queue);
  json.field("state", to_string(job.state));
  json.field("priority", job.priority);
  json.field("attempt", job.attempt);
  json.field("max_attempts", job.max_attempts);
  json.field("crashes", job.crashes);
  json.field("max_crashes", job.max_crashes);
  if (job.cancel_requested) json.key("cancel_requested").boolean(true);
  if (!job.last_error.empty()) json.field("last_error", job.last_error);
  json.key("payload").raw(job.payload.empty() ? "{}" : job.payload);
  time("run_at", job.run_at);
  time("created_at", job.created_at);
  if (job.started_at) time("started_at", *job.started_at);
  if (job.finished_at) time("finished_at", *job.finished_at);
  json.end_object();
  return out;
}

}  // namespace holdfast::store
