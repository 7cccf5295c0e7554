// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/jobs.hpp"

#include "api-worker/edge/idempotency_key.hpp"
#include "api-worker/edge/query_input.hpp"
#include "api-worker/handlers/writes.hpp"
#include "common/text/json_writer.hpp"
#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

void write_time(text::JsonWriter& json, std::string_view name, std::int64_t unix_ms) {
  json.field(name, format_rfc3339(from_unix_ms(unix_ms)));
}

std::string job_json(const store::Job& job) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("id", job.id);
  json.field("kind", job.kind);
  json.field("queue", job.queue);
  json.field("state", store::to_string(job.state));
  json.field("priority", job.priority);
  json.field("attempt", job.attempt);
  json.field("max_attempts", job.max_attempts);
  json.field("crashes", job.crashes);
  json.field("max_crashes", job.max_crashes);
  if (!job.last_error.empty()) json.field("last_error", job.last_error);
  json.key("payload").raw(job.payload.empty() ? "{}" : job.payload);
  write_time(json, "run_at", job.run_at);
  write_time(json, "created_at", job.created_at);
  if (job.finished_at) write_time(json, "finished_at", *job.finished_at);
  json.end_object();
  return out;
}

std::string queue_json(const std::string& queue, const store::QueueStats& stats, WallTime now) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("queue", queue);
  json.field("ready", stats.ready);
  json.field("waiting", stats.waiting);
  json.field("running", stats.running);
  json.field("done", stats.done);
  json.field("cancelled", stats.cancelled);
  json.field("dead", stats.dead);
  const std::int64_t age_ms =
      stats.oldest_ready_at == 0 ? 0 : to_unix_ms(now) - stats.oldest_ready_at;
  json.field("oldest_ready_seconds", static_cast<double>(std::max<std::int64_t>(age_ms, 0)) / 1000);
  json.end_object();
  return out;
}

void get_job(const Services& services, const ContextPtr& context, const Reply& reply) {
  // To clients an id is an opaque string: one that is not a number is simply unknown.
  const auto id = text::parse_digits<std::int64_t>(context->path_values[0]);
  if (!id) return reply(fail(ErrorKind::NotFound, "There is no such job."));
  answer(services, context, Work::PointRead, reply,
         [&services, id = *id]() -> Result<http::Response> {
           HOLDFAST_TRY_ASSIGN(const store::Job job, services.store.get_job(id));
           return http::Response::json(200, job_json(job));
         });
}

void retry_job(const Services& services, const ContextPtr& context, const Reply& reply) {
  const auto id = text::parse_digits<std::int64_t>(context->path_values[0]);
  if (!id) return reply(fail(ErrorKind::NotFound, "There is no such job."));
  const auto key = read_idempotency_key(context->request->headers);
  if (!key) return reply(problem_response(*context, key.error()));
  services.store.retry_job(
      *id,
      [&services, reply = with_unused_key(context, reply)](Result<store::RetriedJob> job) {
        if (!job) return reply(Failure(std::move(job).error()));
        if (!job->repeated) services.doorbell.ring();
        http::Response response = http::Response::json(202, job_json(*job));
        if (job->repeated) mark_repeated(response);
        reply(std::move(response));
      },
      wanted(context), stored_key(context, *key, fingerprint(fmt::format("retry {}", *id))));
}

void get_queue(const Services& services, const ContextPtr& context, const Reply& reply) {
  const std::string* name = context->request->query_value("queue");
  std::string queue = name == nullptr ? "default" : *name;
  answer(services, context, Work::Scan, reply,
         [&services, queue = std::move(queue)]() -> Result<http::Response> {
           HOLDFAST_TRY_ASSIGN(const store::QueueStats stats, services.store.queue_stats(queue));
           return http::Response::json(200, queue_json(queue, stats, services.clock.wall()));
         });
}

}  // namespace

void add_job_routes(Router& router, const Services& services) {
  router.add("GET", "/api/jobs/{id}", [&services](const ContextPtr& context, const Reply& reply) {
    get_job(services, context, reply);
  });
  router.add("POST", "/api/jobs/{id}/retry",
             [&services](const ContextPtr& context, const Reply& reply) {
               retry_job(services, context, reply);
             });
  router.add("GET", "/api/queue", [&services](const ContextPtr& context, const Reply& reply) {
    get_queue(services, context, reply);
  });
}

}  // namespace holdfast::api
