// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/queue_upkeep.hpp"

#include "common/store/job_rules.hpp"

namespace holdfast::queue {

namespace {
constexpr Duration kPruneInterval = std::chrono::minutes(10);
// Of documents that are embedded again: how many jobs may wait, and how often there is a look.
constexpr std::uint32_t kOutdatedJobs = 500;
constexpr Duration kOutdatedInterval = std::chrono::seconds(1);
// What is left then cannot be embedded, or is done with another model on another host.
constexpr Duration kOutdatedPause = std::chrono::minutes(1);
constexpr Duration kOutdatedGrace = std::chrono::minutes(1);
}  // namespace

QueueUpkeep::QueueUpkeep(const Parts& parts, StoreReads& reads, Options options, Hooks hooks)
    : parts_(parts),
      reads_(reads),
      options_(std::move(options)),
      hooks_(std::move(hooks)),
      timer_(parts.io) {}

void QueueUpkeep::start() {
  started_at_ = parts_.clock.mono();
  round();
}

void QueueUpkeep::stop() {
  stopped_ = true;
  timer_.cancel();
}

void QueueUpkeep::round() {
  const Duration period =
      has_outdated_ ? std::min(kOutdatedInterval, options_.lease / 2) : options_.lease / 2;
  after(timer_, period, weak_from_this(), [](QueueUpkeep& self) {
    if (!self.stopped_) self.round();
  });
  reads_.off_loop(
      [queue = options_.queue](store::Store& store) { return store.queue_stats(queue); },
      [weak = weak_from_this()](const Result<store::QueueStats>& stats) {
        const auto self = weak.lock();
        if (!self || self->stopped_) return;
        if (stats) return self->act_on(*stats);
        self->parts_.observer.trouble("read the queue's sizes", stats.error());
      });
}

void QueueUpkeep::act_on(const store::QueueStats& stats) {
  // Jobs run elsewhere, perhaps at workers that died. A rescue is a write, so not otherwise.
  if (stats.running > static_cast<std::int64_t>(hooks_.jobs_held())) {
    hooks_.renew_lease();
    rescue();
  }
  const MonoTime now = parts_.clock.mono();
  const bool finished = stats.done + stats.cancelled + stats.dead > 0;
  if (finished && (!pruned_at_ || now - *pruned_at_ >= kPruneInterval)) {
    pruned_at_ = now;
    prune();
  }
  enqueue_outdated(stats);
}

void QueueUpkeep::enqueue_outdated(const store::QueueStats& stats) {
  const MonoTime now = parts_.clock.mono();
  parts_.observer.documents_outdated(stats.outdated_documents);
  has_outdated_ = stats.outdated_documents > 0 && now >= enqueue_again_at_;
  if (!has_outdated_) return;
  const bool none_waits = stats.ready + stats.waiting + stats.running == 0;
  // What was embedded before this worker started, or while an older one may still have been at it.
  const Duration age = now - started_at_ - options_.job_timeout - kOutdatedGrace;
  parts_.store.enqueue_outdated(
      kOutdatedJobs, age,
      on_loop<std::int64_t>(parts_.io, weak_from_this(),
                            [none_waits](QueueUpkeep& self, const Result<std::int64_t>& count) {
                              if (!count)
                                return self.parts_.observer.trouble(
                                    "enqueue documents to embed again", count.error());
                              if (*count == 0 && none_waits) {
                                self.enqueue_again_at_ = self.parts_.clock.mono() + kOutdatedPause;
                              }
                              if (*count > 0 && !self.stopped_) self.hooks_.jobs_enqueued();
                            }));
}

void QueueUpkeep::rescue() {
  parts_.store.rescue_expired(on_loop<std::int64_t>(
      parts_.io, weak_from_this(), [](QueueUpkeep& self, const Result<std::int64_t>& count) {
        if (!count) return self.parts_.observer.trouble("rescue", count.error());
        if (*count == 0) return;
        self.parts_.observer.jobs_rescued(*count);
        if (!self.stopped_) self.hooks_.jobs_rescued();
      }));
}

void QueueUpkeep::prune() {
  parts_.store.prune(
      options_.keep_done,
      on_loop<std::int64_t>(parts_.io, weak_from_this(),
                            [](QueueUpkeep& self, const Result<std::int64_t>& count) {
                              if (!count)
                                return self.parts_.observer.trouble("prune", count.error());
                              if (*count > 0) self.parts_.observer.jobs_pruned(*count);
                              // Batch by batch, so that other writers get their turn in between.
                              if (*count >= store::kPruneBatch && !self.stopped_) self.prune();
                            }));
}

}  // namespace holdfast::queue
