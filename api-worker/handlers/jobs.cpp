// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/jobs.hpp"

#include "api-worker/edge/idempotency_key.hpp"
#include "api-worker/handlers/job_filter.hpp"
#include "api-worker/handlers/writes.hpp"
#include "common/store/job_json.hpp"
#include "common/text/json_writer.hpp"
#include "common/text/number.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

std::string queue_json(const std::string& queue, const store::QueueStats& stats) {
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
  json.field("oldest_ready_seconds", static_cast<double>(stats.oldest_ready_ms) / 1000);
  json.key("paused").boolean(stats.paused);
  json.key("paused_kinds").begin_array();
  for (const std::string& kind : stats.paused_kinds)
    json.string(kind);
  json.end_array();
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
           return http::Response::json(200, store::job_json(job));
         });
}

void retry_job(const Services& services, const ContextPtr& context, const Reply& reply) {
  const auto id = text::parse_digits<std::int64_t>(context->path_values[0]);
  if (!id) return reply(fail(ErrorKind::NotFound, "There is no such job."));
  const auto key = read_idempotency_key(context->request->headers);
  if (!key) return reply(problem_response(*context, key.error()));
  services.store.retry_job(
      *id,
      [&services, reply](Result<store::RetriedJob> job) {
        if (!job) return reply(Failure(std::move(job).error()));
        if (!job->repeated) services.doorbell.ring();
        http::Response response = http::Response::json(202, store::job_json(*job));
        if (job->repeated) mark_repeated(response);
        reply(std::move(response));
      },
      wanted(context), stored_key(context, *key, fingerprint(fmt::format("retry {}", *id))));
}

void get_queue(const Services& services, const ContextPtr& context, const Reply& reply) {
  auto queue = read_queue_query(*context->request);
  if (!queue) return reply(problem_response(*context, queue.error()));
  answer(services, context, Work::Scan, reply,
         [&services, queue = std::move(*queue)]() -> Result<http::Response> {
           HOLDFAST_TRY_ASSIGN(const store::QueueStats stats, services.store.queue_stats(queue));
           return http::Response::json(200, queue_json(queue, stats));
         });
}

}  // namespace

// To clients an id is an opaque string: one that is not a number is simply unknown.
std::optional<ProblemDetails> check_job_path(const std::vector<std::string>& path_values) {
  if (text::parse_digits<std::int64_t>(path_values[0])) return {};
  return ProblemDetails{404, "There is no such job."};
}

void add_job_routes(Router& router, const Services& services) {
  router.add("GET", "/api/jobs/{id}", [&services](const ContextPtr& context, const Reply& reply) {
    get_job(services, context, reply);
  });
  router.add("POST", "/api/jobs/{id}/retry",
             [&services](const ContextPtr& context, const Reply& reply) {
               retry_job(services, context, reply);
             });
  for (const char* const pattern : {"/api/jobs/{id}", "/api/jobs/{id}/retry"})
    router.check_path(pattern, check_job_path);
  router.add("GET", "/api/queue", [&services](const ContextPtr& context, const Reply& reply) {
    get_queue(services, context, reply);
  });
}

}  // namespace holdfast::api
