// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/reporter.hpp"

#include "queue-worker/jobs/embed_job.hpp"

#include <algorithm>

namespace holdfast::queue {

namespace {

constexpr Duration kQuietTime = std::chrono::seconds(30);

double seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

double milliseconds(Duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

log::Level level_of(AttemptResult result) {
  switch (result) {
    case AttemptResult::Dead: return log::Level::Error;
    case AttemptResult::Retried:
    case AttemptResult::Postponed:
    case AttemptResult::Stale: return log::Level::Warn;
    default: return log::Level::Info;
  }
}

}  // namespace

std::string_view to_string(AttemptResult result) {
  switch (result) {
    case AttemptResult::Done: return "done";
    case AttemptResult::Retried: return "retried";
    case AttemptResult::Dead: return "dead";
    case AttemptResult::Cancelled: return "cancelled";
    case AttemptResult::Stale: return "stale";
    case AttemptResult::Released: return "released";
    case AttemptResult::Postponed: return "postponed";
  }
  return "unknown";
}

Reporter::Reporter(const log::Logger& log, prometheus::Registry& registry, const Clock& clock,
                   const std::string& queue, const std::string& provider)
    : log_(log), clock_(clock), sizes_(registry, queue) {
  metrics::Counters jobs(registry, "queue_jobs_total");
  for (const AttemptResult result :
       {AttemptResult::Done, AttemptResult::Retried, AttemptResult::Dead, AttemptResult::Cancelled,
        AttemptResult::Stale, AttemptResult::Released, AttemptResult::Postponed}) {
    attempts_[result] = &jobs.with({{"queue", queue}, {"outcome", std::string(to_string(result))}});
  }
  outdated_ = &metrics::Gauges(registry, "embedding_outdated_documents").only();
  duration_ = &metrics::Histograms(registry, "queue_job_duration_seconds").with({{"queue", queue}});
  wait_ = &metrics::Histograms(registry, "queue_job_wait_seconds").with({{"queue", queue}});
  embedding_ =
      &metrics::Histograms(registry, "embedding_duration_seconds").with({{"provider", provider}});
  embedding_failures_ =
      &metrics::Counters(registry, "embedding_failures_total").with({{"provider", provider}});
}

void Reporter::registered(std::int64_t worker_id, bool again) {
  log_.info(again ? "registered again: the lease had lapsed" : "registered with the queue",
            {{"worker_id", worker_id}});
}

void Reporter::job_started(const JobInfo& job, Duration wait) {
  wait_->Observe(seconds(wait));
  log_.debug("job started", {{"request_id", job.request_id},
                             {"job_id", job.job_id},
                             {"document_id", job.document_id},
                             {"attempt", job.attempt},
                             {"wait_ms", milliseconds(wait)}});
}

void Reporter::job_ended(const JobInfo& job, AttemptResult result, Duration took,
                         std::string_view detail) {
  // Released jobs are counted when the store has given them back.
  if (result != AttemptResult::Released) {
    attempts_.at(result)->Increment();
    duration_->Observe(seconds(took));
  }
  log_.log(level_of(result), fmt::format("job {}", to_string(result)),
           {{"request_id", job.request_id},
            {"job_id", job.job_id},
            {"document_id", job.document_id},
            {"attempt", job.attempt},
            {"duration_ms", milliseconds(took)},
            {"detail", detail}});
}

void Reporter::batch_embedded(Duration took, bool ok) {
  embedding_->Observe(seconds(took));
  if (!ok) embedding_failures_->Increment();
}

void Reporter::jobs_released(std::int64_t count) {
  attempts_.at(AttemptResult::Released)->Increment(static_cast<double>(count));
  log_.info("gave unfinished jobs back", {{"jobs", count}});
}

void Reporter::jobs_rescued(std::int64_t count) {
  log_.warn("rescued the jobs of workers that died", {{"jobs", count}});
}

void Reporter::jobs_pruned(std::int64_t count) {
  log_.info("deleted old finished jobs", {{"jobs", count}});
}

void Reporter::documents_outdated(std::int64_t count) {
  if (count > 0 && !catching_up_) {
    log_.info(
        "documents were embedded with another provider, model or dimension: they are embedded "
        "again in the background, and found by their words until then",
        {{"documents", count}});
  } else if (count == 0 && catching_up_) {
    log_.info("all documents have been embedded again");
  }
  catching_up_ = count > 0;
}

void Reporter::trouble(std::string_view what, const Error& error) {
  const MonoTime now = clock_.mono();
  // An outage of the store makes every operation fail: the first one tells of it.
  const std::string_view kind = is_transient(error.kind) ? "outage" : what;
  const auto found = quiet_.find(kind);
  if (found != quiet_.end() && now < found->second.until) {
    ++found->second.suppressed;
    return;
  }
  const std::int64_t suppressed = found == quiet_.end() ? 0 : found->second.suppressed;
  quiet_[std::string(kind)] = {now + kQuietTime, 0};
  log_.error(fmt::format("queue: {} failed, will be tried again", what),
             {{"err", log::err_of(error)}, {"suppressed", suppressed}});
}

void Reporter::set_sizes(const store::QueueStats& stats) {
  sizes_.show({stats.ready, stats.waiting, stats.running, stats.done, stats.cancelled, stats.dead,
               stats.oldest_ready_ms, stats.paused || !stats.paused_kinds.empty()});
  outdated_->Set(static_cast<double>(stats.outdated_documents));
}

}  // namespace holdfast::queue
