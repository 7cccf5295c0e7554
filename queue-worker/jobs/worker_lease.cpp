// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/worker_lease.hpp"

#include <future>

namespace holdfast::queue {

WorkerLease::WorkerLease(const Parts& parts, store::WorkerIdentity identity, Duration lease,
                         Hooks hooks)
    : parts_(parts),
      identity_(std::move(identity)),
      lease_(lease),
      hooks_(std::move(hooks)),
      renew_timer_(parts.io) {}

Result<void> WorkerLease::register_at_start() {
  std::promise<Result<std::int64_t>> promise;
  parts_.store.register_worker(identity_, lease_,
                               [&](Result<std::int64_t> id) { promise.set_value(std::move(id)); });
  HOLDFAST_TRY_ASSIGN(const std::int64_t worker_id, promise.get_future().get());
  registered_as(worker_id);
  return {};
}

void WorkerLease::register_again(std::function<void(bool registered)> done) {
  parts_.store.register_worker(
      identity_, lease_,
      on_loop<std::int64_t>(
          parts_.io, weak_from_this(),
          [done = std::move(done)](WorkerLease& self, const Result<std::int64_t>& worker_id) {
            if (worker_id) {
              self.registered_as(*worker_id);
            } else {
              self.parts_.observer.trouble("register", worker_id.error());
            }
            done(worker_id.has_value());
          }));
}

void WorkerLease::registered_as(std::int64_t worker_id) {
  const bool again = identity_.predecessor.empty() && renewed_at_.has_value();
  worker_id_ = worker_id;
  registered_ = true;
  renewed_at_ = parts_.clock.mono();
  confirmed_at_ = *renewed_at_;
  // The predecessor died once: jobs found later under this name were not lost by it.
  identity_.predecessor.clear();
  parts_.observer.registered(worker_id, again);
}

void WorkerLease::declared_dead(std::int64_t worker_id) {
  if (!registered_ || worker_id != worker_id_) return;  // an answer to an earlier registration
  registered_ = false;
  hooks_.lost();
}

void WorkerLease::give_up_if_renewed(MonoTime since) {
  if (confirmed_at_ > since) declared_dead(worker_id_);
}

void WorkerLease::renew_if_due() {
  if (!renewed_at_ || parts_.clock.mono() - *renewed_at_ >= lease_ / 3) renew();
}

void WorkerLease::renew() {
  renewed_at_ = parts_.clock.mono();
  parts_.store.heartbeat(
      worker_id_, lease_,
      on_loop<store::HeartbeatReply>(
          parts_.io, weak_from_this(),
          [worker_id = worker_id_](WorkerLease& self, const Result<store::HeartbeatReply>& reply) {
            self.renewed(worker_id, reply);
          }));
}

void WorkerLease::renewed(std::int64_t worker_id, const Result<store::HeartbeatReply>& reply) {
  if (!reply) return parts_.observer.trouble("heartbeat", reply.error());
  if (!reply->alive) return declared_dead(worker_id);
  if (worker_id == worker_id_) confirmed_at_ = parts_.clock.mono();
  for (const store::JobKey& key : reply->to_stop) {
    if (hooks_.stop_job(key)) continue;
    // The store says it is ours, but it is not held here: the answer to its claim was lost. Without
    // this it would stay "running" for as long as this worker lives.
    parts_.store.fail_job({key, "lost by its worker", false, {}}, [](const auto&) {});
  }
}

void WorkerLease::keep_renewing() {
  if (renewing_) return;
  renewing_ = true;
  after(renew_timer_, lease_ / 3, weak_from_this(), [](WorkerLease& self) {
    self.renewing_ = false;
    if (!self.hooks_.holds_jobs() || !self.registered_) return;
    self.renew();
    self.keep_renewing();
  });
}

void WorkerLease::end(std::function<void()> done) {
  if (!registered_) return done();
  parts_.store.release(
      worker_id_,
      on_loop<std::int64_t>(
          parts_.io, weak_from_this(),
          [done = std::move(done)](WorkerLease& self, const Result<std::int64_t>& count) {
            if (!count) {
              self.parts_.observer.trouble("release", count.error());
            } else if (*count > 0) {
              self.parts_.observer.jobs_released(*count);
            }
            self.parts_.store.unregister_worker(
                self.worker_id_,
                on_loop<void>(self.parts_.io, self.weak_from_this(),
                              [done](WorkerLease& lease, const Result<void>& result) {
                                // The row is gone already if the lease lapsed in idleness.
                                if (!result && result.error().kind != ErrorKind::NotFound) {
                                  lease.parts_.observer.trouble("unregister", result.error());
                                }
                                done();
                              }));
          }));
}

}  // namespace holdfast::queue
