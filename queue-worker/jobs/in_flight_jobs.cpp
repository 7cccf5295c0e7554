// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/in_flight_jobs.hpp"

#include "common/base/backoff.hpp"
#include "common/base/failpoint.hpp"
#include "common/store/job_payload.hpp"
#include "queue-worker/jobs/claim_policy.hpp"

#include <algorithm>

namespace holdfast::queue {

namespace {

constexpr std::string_view kDisowned = "this worker was declared dead meanwhile";
constexpr const char* kDocumentDeleted = "the document was deleted";

AttemptResult result_of(store::JobState state, bool postponed) {
  switch (state) {
    case store::JobState::Dead: return AttemptResult::Dead;
    case store::JobState::Cancelled: return AttemptResult::Cancelled;
    case store::JobState::Done: return AttemptResult::Done;
    default: return postponed ? AttemptResult::Postponed : AttemptResult::Retried;
  }
}

// Somebody else owns the job, or it is there no more: what this process knows of it is of no use.
bool is_stale(ErrorKind kind) {
  return kind == ErrorKind::Conflict || kind == ErrorKind::NotFound;
}

// What the provider's operator finds in their logs.
std::string request_id_of(const JobInfo& job) {
  return job.request_id.empty() ? fmt::format("job-{}", job.job_id) : job.request_id;
}

}  // namespace

InFlightJobs::InFlightJobs(const Parts& parts, Options options,
                           std::vector<std::shared_ptr<worker::Beat>> beats, Hooks hooks)
    : parts_(parts),
      options_(options),
      hooks_(std::move(hooks)),
      random_(options_.seed),
      threads_(std::make_unique<JobThreads>(std::move(beats))) {}

InFlightJobs::~InFlightJobs() {
  *stopping_ = true;
  for (auto& [id, held] : held_)
    *held.stop = true;
  threads_.reset();
}

InFlightJobs::Held* InFlightJobs::find(store::JobKey key) {
  const auto found = held_.find(key.id);
  return found != held_.end() && found->second.job.fence == key.fence ? &found->second : nullptr;
}

InFlightJobs::Load InFlightJobs::load() const {
  Load load;
  for (const auto& [id, held] : held_) {
    ++(held.phase == Phase::Settling ? load.settling : load.in_work);
    load.quarantined += held.job.crashes > 0;
  }
  return load;
}

bool InFlightJobs::stop(store::JobKey key) {
  Held* const held = find(key);
  if (held == nullptr) return false;
  *held->stop = true;
  return true;
}

void InFlightJobs::stop_all_for_shutdown() {
  shutting_down_ = true;
  *stopping_ = true;
  for (auto& [id, held] : held_)
    *held.stop = true;
}

void InFlightJobs::disown_all() {
  for (auto& [id, held] : held_) {
    held.disowned = true;
    *held.stop = true;
  }
}

void InFlightJobs::begin(store::Job job) {
  // Given up by this process, rescued, and claimed by it again, before it had heard of that.
  if (held_.contains(job.id)) forget(job.id, AttemptResult::Stale, kDisowned);
  Held fresh;
  fresh.info = {job.id, job.attempt, {}, {}};
  fresh.began = parts_.clock.mono();
  fresh.stop = std::make_shared<std::atomic<bool>>(false);
  const auto payload = store::parse_job_payload(job.payload);
  if (payload) {
    fresh.info.document_id = payload->document_id;
    fresh.info.request_id = payload->request_id;
  }
  fresh.job = std::move(job);
  // An older claim of the same job can only be one that this process has lost.
  if (const auto lost = held_.find(fresh.job.id); lost != held_.end()) unlist(lost->second);
  Held& held = held_[fresh.job.id] = std::move(fresh);
  if (!payload) return fail_job(held, {payload.error().message, true});
  list(held);
  const std::int64_t waited = held.job.started_at.value_or(held.job.run_at) - held.job.run_at;
  parts_.observer.job_started(held.info,
                              std::chrono::milliseconds(std::max<std::int64_t>(waited, 0)));
  work_on(held);
}

// For the crash report.
void InFlightJobs::list(Held& held) {
  if (parts_.in_flight == nullptr || held.listed != protocol::InFlightTable::kNone) return;
  held.listed = parts_.in_flight->begin(
      protocol::InFlightKind::Job, held.info.request_id, fmt::format("job {},", held.job.id),
      fmt::format("document {}", held.info.document_id), held.began);
}

void InFlightJobs::unlist(const Held& held) {
  if (parts_.in_flight != nullptr) parts_.in_flight->end(held.listed);
}

void InFlightJobs::work_on(Held& held) {
  held.phase = Phase::Working;
  threads_->run([parts = parts_, chunking = options_.chunking, key = key_of(held), stop = held.stop,
                 document_id = held.info.document_id, request_id = request_id_of(held.info),
                 weak = weak_from_this()](const std::function<void()>& touch) {
    const MonoTime began = parts.clock.mono();
    const EmbedTools tools{
        parts.store, parts.provider,
        chunking,    request_id,
        touch,       [&](Duration took, bool ok) { parts.observer.batch_embedded(took, ok); }};
    Computed result{embed_document(document_id, tools, *stop), {}};
    result.took = parts.clock.mono() - began;
    boost::asio::post(parts.io, [weak, key, result = std::move(result)]() mutable {
      if (const auto self = weak.lock()) self->computed(key, std::move(result));
    });
  });
}

void InFlightJobs::computed(store::JobKey key, Computed result) {
  if (Held* held = find(key)) {
    held->phase = Phase::Settling;
    mean_time_ = smoothed(mean_time_, result.took);
    if (held->disowned) {
      end(key, AttemptResult::Stale, kDisowned);
    } else if (shutting_down_ && std::holds_alternative<Stopped>(result.outcome)) {
      end(key, AttemptResult::Released, "");
    } else {
      settle(*held, std::move(result.outcome));
    }
  }
  hooks_.thread_free();
}

void InFlightJobs::settle(Held& held, Outcome outcome) {
  if (auto* failed = std::get_if<Failed>(&outcome)) {
    return fail_job(held, {std::move(failed->error), failed->permanent});
  }
  if (std::holds_alternative<Stopped>(outcome)) {
    return fail_job(held, {"stopped: cancelled, or past its deadline"});
  }
  if (const auto* away = std::get_if<StoreAway>(&outcome)) {
    parts_.observer.trouble("load the document", away->error);
    return try_again_later(key_of(held),
                           [](InFlightJobs& self, Held& late) { self.work_on(late); });
  }
  if (auto* postponed = std::get_if<Postponed>(&outcome)) {
    return fail_job(held, {std::move(postponed->why), false, postponed->wait});
  }
  if (std::holds_alternative<DocumentGone>(outcome)) return complete(held, kDocumentDeleted);
  store_embedding(held, std::move(std::get<Embedded>(outcome)));
}

void InFlightJobs::store_embedding(Held& held, Embedded embedded) {
  failpoint(FaultStep::Computed);
  const std::string detail = fmt::format("{} chunks", embedded.text.chunks.size());
  parts_.store.complete_embedding(
      key_of(held), held.info.document_id, embedded.version, std::move(embedded.text),
      on_loop<void>([key = key_of(held), detail](InFlightJobs& self, const Result<void>& result) {
        self.embedding_stored(key, detail, result);
      }));
}

void InFlightJobs::embedding_stored(store::JobKey key, const std::string& detail,
                                    const Result<void>& result) {
  Held* held = find(key);
  if (held == nullptr) return;
  if (result) {
    failpoint(FaultStep::Stored);
    return end(key, AttemptResult::Done, detail);
  }
  const Error& error = result.error();
  if (error.kind == ErrorKind::Conflict) return end(key, AttemptResult::Stale, error.message);
  if (error.kind == ErrorKind::NotFound) return complete(*held, kDocumentDeleted);
  if (!is_transient(error.kind)) return fail_job(*held, {error.message});
  parts_.observer.trouble("store the result", error);
  // The result went with the failed write; the claim is still ours, so the work is done again.
  try_again_later(key, [](InFlightJobs& self, Held& late) { self.work_on(late); });
}

void InFlightJobs::complete(Held& held, std::string detail) {
  held.phase = Phase::Settling;
  parts_.store.complete(
      key_of(held), on_loop<void>([key = key_of(held), detail = std::move(detail)](
                                      InFlightJobs& self, const Result<void>& result) {
        if (result) return self.end(key, AttemptResult::Done, detail);
        self.end_failed(key, "complete", result.error(),
                        [detail](InFlightJobs& s, Held& late) { s.complete(late, detail); });
      }));
}

void InFlightJobs::fail_job(Held& held, const Failing& failing) {
  held.phase = Phase::Settling;
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const Duration backoff = failing.postponed_for
                               ? *failing.postponed_for
                               : full_jitter(held.job.attempt, options_.limits.backoff_base,
                                             options_.limits.backoff_cap, random);
  parts_.store.fail_job(
      {key_of(held), failing.error, failing.permanent, backoff, failing.postponed_for.has_value()},
      on_loop<store::JobState>(
          [key = key_of(held), failing](InFlightJobs& self, const Result<store::JobState>& result) {
            if (result)
              return self.end(key, result_of(*result, failing.postponed_for.has_value()),
                              failing.error);
            self.end_failed(key, "fail", result.error(),
                            [failing](InFlightJobs& s, Held& late) { s.fail_job(late, failing); });
          }));
}

void InFlightJobs::probe_provider(std::function<void()> done) {
  threads_->run([parts = parts_, weak = weak_from_this(), stopping = stopping_,
                 done = std::move(done)](const std::function<void()>& touch) {
    parts.provider.probe({{}, {}, [&] {
                            touch();
                            return !*stopping;
                          }});
    boost::asio::post(parts.io, [weak, done] {
      if (weak.lock()) done();
    });
  });
}

void InFlightJobs::end_failed(store::JobKey key, std::string_view what, const Error& error,
                              Step step) {
  Held* const held = find(key);
  if (held == nullptr) return;
  if (is_stale(error.kind)) return end(key, AttemptResult::Stale, error.message);
  parts_.observer.trouble(what, error);
  if (!is_transient(error.kind)) {
    const MonoTime now = parts_.clock.mono();
    if (!held->refused_since) held->refused_since = now;
    // The step below finds out whether the job was given up.
    if (now - *held->refused_since >= options_.limits.lease) {
      hooks_.cannot_end(*held->refused_since);
    }
  }
  try_again_later(key, std::move(step));
}

void InFlightJobs::try_again_later(store::JobKey key, Step step) {
  auto timer = std::make_shared<boost::asio::steady_timer>(parts_.io);
  after(*timer, options_.limits.poll, weak_from_this(),
        [timer, key, step = std::move(step)](InFlightJobs& self) {
          Held* held = self.find(key);
          if (held == nullptr) return;
          if (held->disowned) return self.end(key, AttemptResult::Stale, kDisowned);
          if (self.shutting_down_) return self.end(key, AttemptResult::Released, "");
          step(self, *held);
        });
}

void InFlightJobs::end(store::JobKey key, AttemptResult result, std::string_view detail) {
  if (find(key) == nullptr) return;
  forget(key.id, result, detail);
  hooks_.job_ended();
}

void InFlightJobs::forget(std::int64_t job_id, AttemptResult result, std::string_view detail) {
  const Held ended = std::move(held_.extract(job_id).mapped());
  unlist(ended);
  parts_.observer.job_ended(ended.info, result, parts_.clock.mono() - ended.began, detail);
}

}  // namespace holdfast::queue
