// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/job_admin.hpp"

#include "api-worker/edge/json_input.hpp"
#include "api-worker/handlers/job_filter.hpp"
#include "api-worker/handlers/jobs.hpp"
#include "api-worker/handlers/writes.hpp"
#include "common/store/job_json.hpp"
#include "common/store/pause_check.hpp"
#include "common/text/json_writer.hpp"
#include "common/text/number.hpp"

namespace holdfast::api {

namespace {

// How many jobs one request changes: as many as one transaction may hold the others up for.
constexpr std::uint32_t kMostChanged = 1000;

Result<std::int64_t> job_id(const ContextPtr& context) {
  if (const auto id = text::parse_digits<std::int64_t>(context->path_values[0])) return *id;
  return fail(ErrorKind::NotFound, "There is no such job.");
}

std::string job_page_json(const store::JobPage& page) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object().key("jobs").begin_array();
  for (const store::Job& job : page.jobs)
    json.raw(store::job_json(job));
  json.end_array();
  if (page.next > 0) json.field("next_cursor", std::to_string(page.next));
  json.end_object();
  return out;
}

void list_jobs(const Services& services, const ContextPtr& context, const Reply& reply) {
  answer(services, context, Work::Scan, reply, [&services, context]() -> Result<http::Response> {
    const auto query = read_job_query(*context->request);
    if (!query) return problem_response(*context, query.error());
    HOLDFAST_TRY_ASSIGN(const store::JobPage page, services.store.list_jobs(*query));
    return http::Response::json(200, job_page_json(page));
  });
}

void cancel_job(const Services& services, const ContextPtr& context, const Reply& reply) {
  const auto id = job_id(context);
  if (!id) return reply(fail(id.error()));
  services.store.cancel_job(
      *id,
      [reply](Result<store::Job> job) {
        if (!job) return reply(fail(job.error()));
        reply(http::Response::json(202, store::job_json(*job)));
      },
      wanted(context));
}

void discard_job(const Services& services, const ContextPtr& context, const Reply& reply) {
  const auto id = job_id(context);
  if (!id) return reply(fail(id.error()));
  services.store.discard_job(
      *id,
      [reply](Result<void> discarded) {
        if (!discarded) return reply(fail(discarded.error()));
        http::Response response;
        response.status = 204;
        reply(std::move(response));
      },
      wanted(context));
}

std::string changed_json(std::int64_t matching, const store::JobsChanged& changed) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("matching", matching);
  json.field("changed", changed.changed);
  json.field("refused", changed.refused);
  if (!changed.refusal.empty()) json.field("refusal", changed.refusal);
  json.end_object();
  return out;
}

void change(const Services& services, const ContextPtr& context, const Reply& reply,
            BulkChange bulk, std::int64_t matching) {
  const bool retries = bulk.change.action == store::JobAction::Retry;
  bulk.change.limit = kMostChanged;
  services.store.change_jobs(
      std::move(bulk.change),
      [&services, reply, matching, retries](Result<store::JobsChanged> changed) {
        if (!changed) return reply(fail(changed.error()));
        if (retries && changed->changed > 0) services.doorbell.ring();
        reply(http::Response::json(200, changed_json(matching, *changed)));
      },
      wanted(context));
}

// Jobs that are named one by one are changed at once; others only if the client says how many it
// expects, and is right.
void change_jobs(const Services& services, const ContextPtr& context, const Reply& reply) {
  run(services, Work::Scan, reply, [&services, context, reply] {
    if (!context->is_wanted()) return;
    auto bulk = read_bulk_change(*context->request, *context->body);
    if (!bulk) return reply(problem_response(*context, bulk.error()));
    if (!bulk->change.filter.ids.empty()) {
      // Those of them that there are, and that the other members leave.
      const auto named = services.store.count_jobs(bulk->change.filter);
      if (!named) return reply(fail(named.error()));
      return change(services, context, reply, std::move(*bulk), *named);
    }
    bulk->change.filter = filter_for(bulk->change.action, std::move(bulk->change.filter));
    const auto matching = services.store.count_jobs(bulk->change.filter);
    if (!matching) return reply(fail(matching.error()));
    if (!bulk->count) return reply(http::Response::json(200, changed_json(*matching, {})));
    if (*bulk->count == *matching) {
      return change(services, context, reply, std::move(*bulk), *matching);
    }
    reply(fail(ErrorKind::Conflict, fmt::format("{} jobs match now, not {}: nothing was changed",
                                                *matching, *bulk->count)));
  });
}

void set_paused(const Services& services, const ContextPtr& context, const Reply& reply,
                bool paused) {
  run(services, Work::Scan, reply, [&services, context, reply, paused] {
    if (!context->is_wanted()) return;
    auto named = read_queue_name(*context->request, *context->body);
    if (!named) return reply(problem_response(*context, named.error()));
    const auto known = store::check_pause(services.store, named->queue, named->kind, paused);
    if (!known) return reply(fail(known.error()));
    auto done = [&services, reply, paused](Result<void> result) {
      if (!result) return reply(fail(result.error()));
      if (!paused) services.doorbell.ring();
      http::Response response;
      response.status = 204;
      reply(std::move(response));
    };
    if (paused) {
      services.store.pause(std::move(named->queue), std::move(named->kind), std::move(done));
    } else {
      services.store.resume(std::move(named->queue), std::move(named->kind), std::move(done));
    }
  });
}

}  // namespace

void add_job_admin_routes(Router& router, const Services& services) {
  router.add("GET", "/api/jobs", bind_services(services, list_jobs));
  router.add("POST", "/api/jobs/bulk", bind_services(services, change_jobs), check_json_type);
  router.add("POST", "/api/jobs/{id}/cancel", bind_services(services, cancel_job));
  router.add("DELETE", "/api/jobs/{id}", bind_services(services, discard_job));
  router.check_path("/api/jobs/{id}/cancel", check_job_path);
  for (const bool paused : {true, false}) {
    router.add(
        "POST", paused ? "/api/queue/pause" : "/api/queue/resume",
        [&services, paused](const ContextPtr& context, const Reply& reply) {
          set_paused(services, context, reply, paused);
        },
        check_json_type);
  }
}

}  // namespace holdfast::api
