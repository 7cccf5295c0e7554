// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/job_loop.hpp"

namespace holdfast::queue {

namespace {
// For jobs that were told to stop to reach the end of their batch.
constexpr Duration kLastWords = std::chrono::seconds(1);
}  // namespace

void JobLoop::drain(std::function<void()> done) {
  if (drained_) return;
  drained_ = std::move(done);
  sleep_timer_.cancel();
  upkeep_timer_.cancel();
  after(drain_timer_, options_.drain_budget, &JobLoop::stop_everything);
  drain_step();
}

void JobLoop::drain_step() {
  if (!claiming_ && held_.empty()) give_back();
}

void JobLoop::stop_everything() {
  giving_up_ = true;
  for (auto& [id, held] : held_)
    *held.stop = true;
  // Whoever does not hear is left behind: the fence keeps his result out.
  after(drain_timer_, kLastWords, &JobLoop::give_back);
}

void JobLoop::give_back() {
  if (giving_back_) return;
  giving_back_ = true;
  drain_timer_.cancel();
  if (!registered_) return drained_();
  parts_.store.release(
      worker_id_, on_loop<std::int64_t>([](JobLoop& self, const Result<std::int64_t>& count) {
        if (!count) {
          self.parts_.observer.trouble("release", count.error());
        } else if (*count > 0) {
          self.parts_.observer.jobs_released(*count);
        }
        self.parts_.store.unregister_worker(
            self.worker_id_, self.on_loop<void>([](JobLoop& s, const Result<void>& result) {
              // Gone already if the lease had lapsed in idleness.
              if (!result && result.error().kind != ErrorKind::NotFound) {
                s.parts_.observer.trouble("unregister", result.error());
              }
              s.drained_();
            }));
      }));
}

}  // namespace holdfast::queue
