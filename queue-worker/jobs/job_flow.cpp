// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/backoff.hpp"
#include "queue-worker/jobs/job_loop.hpp"

#include <algorithm>

namespace holdfast::queue {

namespace {

// Errors of the store that say nothing about the job: the same step may succeed later.
bool is_passing(ErrorKind kind) {
  return kind == ErrorKind::Unavailable || kind == ErrorKind::ResourceExhausted ||
         kind == ErrorKind::DeadlineExceeded;
}

Ending ending_of(store::JobState state) {
  switch (state) {
    case store::JobState::Dead: return Ending::Dead;
    case store::JobState::Cancelled: return Ending::Cancelled;
    case store::JobState::Done: return Ending::Done;
    default: return Ending::Retried;
  }
}

}  // namespace

JobLoop::Held* JobLoop::find(store::JobKey key) {
  const auto found = held_.find(key.id);
  return found != held_.end() && found->second.job.fence == key.fence ? &found->second : nullptr;
}

void JobLoop::begin(store::Job job) {
  Held fresh;
  fresh.info = {job.id, job.attempt, {}, {}};
  fresh.began = parts_.clock.mono();
  fresh.stop = std::make_shared<std::atomic<bool>>(false);
  const auto payload = parse_payload(job.payload);
  if (payload) {
    fresh.info.document_id = payload->document_id;
    fresh.info.request_id = payload->request_id;
  }
  fresh.job = std::move(job);
  // An older claim of the same job can only be one that this process has lost.
  Held& held = held_[fresh.job.id] = std::move(fresh);
  keep_renewing();
  if (!payload) return fail_job(held, payload.error().message, true);
  parts_.store.start(key_of(held),
                     on_loop<void>([key = key_of(held)](JobLoop& self, const Result<void>& result) {
                       self.started(key, result);
                     }));
}

void JobLoop::started(store::JobKey key, const Result<void>& result) {
  Held* held = find(key);
  if (held == nullptr) return;
  if (!result) {
    if (!is_passing(result.error().kind)) return end(key, Ending::Stale, result.error().message);
    parts_.observer.trouble("start", result.error());
    return again_later(key, [](JobLoop& self, Held& late) {
      self.parts_.store.start(
          key_of(late), self.on_loop<void>([key = key_of(late)](JobLoop& s, const Result<void>& r) {
            s.started(key, r);
          }));
    });
  }
  options_.failpoint.hit(CrashAt::AfterStart);
  const std::int64_t waited = to_unix_ms(parts_.clock.wall()) - held->job.run_at;
  parts_.observer.job_started(held->info,
                              std::chrono::milliseconds(std::max<std::int64_t>(waited, 0)));
  work_on(*held);
}

void JobLoop::work_on(Held& held) {
  held.phase = Phase::Working;
  threads_->run([parts = parts_, chunking = options_.chunking, key = key_of(held), stop = held.stop,
                 document_id = held.info.document_id,
                 weak = weak_from_this()](const std::function<void()>& touch) {
    const MonoTime began = parts.clock.mono();
    const EmbedTools tools{
        parts.store, parts.provider, chunking, touch,
        [&](Duration took, bool ok) { parts.observer.batch_embedded(took, ok); }};
    Computed result{embed_document(document_id, tools, *stop), {}};
    result.took = parts.clock.mono() - began;
    boost::asio::post(parts.io, [weak, key, result = std::move(result)]() mutable {
      if (const auto self = weak.lock()) self->computed(key, std::move(result));
    });
  });
}

void JobLoop::computed(store::JobKey key, Computed result) {
  if (Held* held = find(key)) {
    held->phase = Phase::Settling;
    mean_job_ = smoothed(mean_job_, result.took);
    if (held->lost) {
      end(key, Ending::Stale, "this worker was declared dead meanwhile");
    } else if (giving_up_ && std::holds_alternative<Stopped>(result.outcome)) {
      end(key, Ending::Released, "");
    } else {
      settle(*held, std::move(result.outcome));
    }
  }
  look_.reset();
  pump();
}

void JobLoop::settle(Held& held, Outcome outcome) {
  if (auto* failed = std::get_if<Failed>(&outcome)) {
    return fail_job(held, std::move(failed->error), failed->permanent);
  }
  if (std::holds_alternative<Stopped>(outcome)) {
    return fail_job(held, "stopped: cancelled, or past its deadline", false);
  }
  if (std::holds_alternative<DocumentGone>(outcome)) {
    return complete(held, "the document was deleted");
  }
  options_.failpoint.hit(CrashAt::BeforeCommit);
  auto& embedded = std::get<Embedded>(outcome);
  const std::string detail = fmt::format("{} chunks", embedded.chunks.size());
  parts_.store.complete_embedding(
      key_of(held), held.info.document_id, embedded.version, std::move(embedded.chunks),
      on_loop<void>([key = key_of(held), detail](JobLoop& self, const Result<void>& result) {
        Held* done = self.find(key);
        if (done == nullptr) return;
        if (result) {
          self.options_.failpoint.hit(CrashAt::AfterCommit);
          return self.end(key, Ending::Done, detail);
        }
        const Error& error = result.error();
        if (error.kind == ErrorKind::Conflict) return self.end(key, Ending::Stale, error.message);
        if (error.kind == ErrorKind::NotFound) {
          return self.complete(*done, "the document was deleted");
        }
        if (!is_passing(error.kind)) return self.fail_job(*done, error.message, false);
        self.parts_.observer.trouble("store the result", error);
        // The result went with the failed write; the claim is still ours, so the work is redone.
        self.again_later(key, [](JobLoop& s, Held& late) { s.work_on(late); });
      }));
}

void JobLoop::complete(Held& held, std::string detail) {
  held.phase = Phase::Settling;
  parts_.store.complete(
      key_of(held), on_loop<void>([key = key_of(held), detail = std::move(detail)](
                                      JobLoop& self, const Result<void>& result) {
        if (result) return self.end(key, Ending::Done, detail);
        const Error& error = result.error();
        if (!is_passing(error.kind)) return self.end(key, Ending::Stale, error.message);
        self.parts_.observer.trouble("complete", error);
        self.again_later(key, [detail](JobLoop& s, Held& late) { s.complete(late, detail); });
      }));
}

void JobLoop::fail_job(Held& held, std::string error, bool permanent) {
  held.phase = Phase::Settling;
  const Duration backoff = full_jitter(held.job.attempt, options_.limits.backoff_base,
                                       options_.limits.backoff_cap, random());
  parts_.store.fail_job(
      {key_of(held), error, permanent, backoff},
      on_loop<store::JobState>([key = key_of(held), error, permanent](
                                   JobLoop& self, const Result<store::JobState>& result) {
        if (result) return self.end(key, ending_of(*result), error);
        if (!is_passing(result.error().kind)) {
          return self.end(key, Ending::Stale, result.error().message);
        }
        self.parts_.observer.trouble("fail", result.error());
        self.again_later(key, [error, permanent](JobLoop& s, Held& late) {
          s.fail_job(late, error, permanent);
        });
      }));
}

void JobLoop::again_later(store::JobKey key, std::function<void(JobLoop&, Held&)> step) {
  auto timer = std::make_shared<boost::asio::steady_timer>(parts_.io, options_.limits.poll);
  timer->async_wait([timer, key, step = std::move(step),
                     weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = error ? nullptr : weak.lock();
    Held* held = self ? self->find(key) : nullptr;
    if (held == nullptr) return;
    if (held->lost) return self->end(key, Ending::Stale, "this worker was declared dead meanwhile");
    if (self->giving_up_) return self->end(key, Ending::Released, "");
    step(*self, *held);
  });
}

void JobLoop::end(store::JobKey key, Ending ending, std::string_view detail) {
  const Held* held = find(key);
  if (held == nullptr) return;
  const Held ended = std::move(held_.extract(key.id).mapped());
  parts_.observer.job_ended(ended.info, ending, parts_.clock.mono() - ended.began, detail);
  if (drained_) return drain_step();
  // A job that runs alone may have been waiting for this one.
  disappointed_ = false;
  look_.reset();
  pump();
}

}  // namespace holdfast::queue
