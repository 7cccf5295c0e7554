// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/job_loop.hpp"

#include <algorithm>

namespace holdfast::queue {

namespace {
constexpr Duration kPruneEvery = std::chrono::minutes(10);
constexpr std::int64_t kPruneBatch = 1000;  // what JobQueue::prune deletes at most
}  // namespace

Result<void> JobLoop::register_worker() {
  HOLDFAST_TRY_ASSIGN(worker_id_,
                      parts_.store.register_worker(options_.identity, options_.limits.lease));
  const bool again = options_.identity.predecessor.empty() && renewed_at_.has_value();
  registered_ = true;
  renewed_at_ = parts_.clock.mono();
  // It died once: jobs found later under this name were not its.
  options_.identity.predecessor.clear();
  parts_.observer.registered(worker_id_, again);
  return {};
}

void JobLoop::lost_registration(std::int64_t worker_id) {
  if (!registered_ || worker_id != worker_id_) return;  // old news
  registered_ = false;
  for (auto& [id, held] : held_) {
    held.lost = true;
    *held.stop = true;
  }
}

void JobLoop::renew() {
  renewed_at_ = parts_.clock.mono();
  parts_.store.heartbeat(
      worker_id_, options_.limits.lease,
      on_loop<store::HeartbeatReply>(
          [worker_id = worker_id_](JobLoop& self, const Result<store::HeartbeatReply>& reply) {
            self.renewed(worker_id, reply);
          }));
}

void JobLoop::renewed(std::int64_t worker_id, const Result<store::HeartbeatReply>& reply) {
  if (!reply) return parts_.observer.trouble("heartbeat", reply.error());
  if (!reply->alive) {
    lost_registration(worker_id);
    return drained_ ? drain_step() : wake();
  }
  for (const store::JobKey& key : reply->to_stop) {
    if (Held* held = find(key)) {
      *held->stop = true;
      continue;
    }
    // Ours by the books, but not in hand: its last step was lost on the way. Without this it would
    // stay "running" for as long as this worker lives.
    parts_.store.fail_job({key, "lost by its worker", false, {}},
                          on_loop<store::JobState>([](JobLoop&, const auto&) {}));
  }
}

void JobLoop::keep_renewing() {
  if (renewing_) return;
  renewing_ = true;
  renew_timer_.expires_after(options_.limits.lease / 3);
  renew_timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    const auto self = error ? nullptr : weak.lock();
    if (!self) return;
    self->renewing_ = false;
    if (self->held_.empty() || !self->registered_) return;
    self->renew();
    self->keep_renewing();
  });
}

void JobLoop::upkeep() {
  if (drained_) return;
  after(upkeep_timer_, options_.limits.lease / 2, &JobLoop::upkeep);
  const auto stats = parts_.store.queue_stats(options_.queue);
  if (!stats) return parts_.observer.trouble("read the queue's sizes", stats.error());
  // Somebody else's jobs are running, or are they? Sweeping takes a write, so not otherwise.
  if (stats->running > static_cast<std::int64_t>(held_.size())) {
    // First: this worker's own lease may have lapsed while it was idle.
    if (registered_) renew();
    parts_.store.rescue_expired(
        on_loop<std::int64_t>([](JobLoop& self, const Result<std::int64_t>& count) {
          if (!count) return self.parts_.observer.trouble("rescue", count.error());
          if (*count == 0) return;
          self.parts_.observer.jobs_rescued(*count);
          if (!self.drained_) self.wake();
        }));
  }
  const MonoTime now = parts_.clock.mono();
  const bool finished = stats->done + stats->cancelled + stats->dead > 0;
  if (finished && (!pruned_at_ || now - *pruned_at_ >= kPruneEvery)) {
    pruned_at_ = now;
    prune();
  }
}

void JobLoop::prune() {
  parts_.store.prune(options_.limits.keep_done,
                     on_loop<std::int64_t>([](JobLoop& self, const Result<std::int64_t>& count) {
                       if (!count) return self.parts_.observer.trouble("prune", count.error());
                       if (*count > 0) self.parts_.observer.jobs_pruned(*count);
                       // Batch by batch, so that other writers get their turn between.
                       if (*count >= kPruneBatch && !self.drained_) self.prune();
                     }));
}

}  // namespace holdfast::queue
