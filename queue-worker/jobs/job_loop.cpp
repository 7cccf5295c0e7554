// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/job_loop.hpp"

#include "queue-worker/jobs/backoff.hpp"

#include <algorithm>

namespace holdfast::queue {

namespace {
constexpr double kPollJitter = 0.2;
}

std::shared_ptr<JobLoop> JobLoop::create(const Parts& parts, LoopOptions options,
                                         protocol::DoorbellListener doorbell,
                                         std::vector<std::shared_ptr<worker::Beat>> beats) {
  return std::shared_ptr<JobLoop>(
      new JobLoop(parts, std::move(options), std::move(doorbell), std::move(beats)));
}

JobLoop::JobLoop(const Parts& parts, LoopOptions options, protocol::DoorbellListener doorbell,
                 std::vector<std::shared_ptr<worker::Beat>> beats)
    : parts_(parts),
      options_(std::move(options)),
      doorbell_(std::move(doorbell)),
      random_(options_.seed),
      sleep_timer_(parts.io),
      renew_timer_(parts.io),
      upkeep_timer_(parts.io),
      drain_timer_(parts.io),
      threads_(std::make_unique<JobThreads>(std::move(beats))) {}

JobLoop::~JobLoop() {
  for (auto& [id, held] : held_)
    *held.stop = true;
  threads_.reset();
}

Result<void> JobLoop::start() {
  HOLDFAST_TRY(register_worker());
  upkeep();
  pump();
  return {};
}

void JobLoop::after(boost::asio::steady_timer& timer, Duration delay, void (JobLoop::*then)()) {
  timer.expires_after(delay);
  timer.async_wait([weak = weak_from_this(), then](const boost::system::error_code& error) {
    const auto self = error ? nullptr : weak.lock();
    if (self) (self.get()->*then)();
  });
}

PumpState JobLoop::pump_state() const {
  PumpState state;
  state.draining = drained_ != nullptr;
  state.registered = registered_;
  state.claiming = claiming_;
  state.disappointed = disappointed_;
  state.capacity = capacity(options_.limits.concurrency, options_.limits.batch, mean_job_);
  for (const auto& [id, held] : held_) {
    ++(held.phase == Phase::Settling ? state.settling : state.in_work);
    state.quarantine += held.job.crashes > 0;
  }
  state.look = look_;
  return state;
}

void JobLoop::pump() {
  sleeping_ = false;
  for (;;) {
    const Duration poll = jittered(options_.limits.poll, kPollJitter, random());
    const Decision decision = decide(pump_state(), to_unix_ms(parts_.clock.wall()), poll);
    switch (decision.step) {
      case Step::Nothing: return;
      case Step::Claim: return claim(decision.limit);
      case Step::Sleep: return sleep(decision.sleep);
      case Step::Look: look(); break;
      case Step::Register:
        if (const auto result = register_worker(); !result) {
          parts_.observer.trouble("register", result.error());
          disappointed_ = true;
        }
        break;
    }
  }
}

void JobLoop::wake() {
  look_.reset();
  disappointed_ = false;
  pump();
}

void JobLoop::look() {
  const auto peek = parts_.store.peek(options_.queue);
  if (!peek) {
    parts_.observer.trouble("look", peek.error());
    disappointed_ = true;
    return;
  }
  look_ = Look{peek->ready, peek->next_at};
}

void JobLoop::sleep(Duration duration) {
  sleeping_ = true;
  after(sleep_timer_, duration, &JobLoop::wake);
  if (listening_) return;
  listening_ = true;
  doorbell_.wait([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->listening_ = false;
    // Busy since: the bell stays set, for a worker that is free, or for the next sleep here.
    if (!self->sleeping_) return;
    self->doorbell_.clear();
    self->wake();
  });
}

void JobLoop::claim(std::uint32_t limit) {
  sleep_timer_.cancel();
  claiming_ = true;
  const MonoTime now = parts_.clock.mono();
  // Beside the claim, so that both are one commit.
  if (!renewed_at_ || now - *renewed_at_ >= options_.limits.lease / 3) renew();
  parts_.store.claim(
      {worker_id_, options_.queue, limit, options_.limits.job_timeout},
      on_loop<std::vector<store::Job>>(
          [limit, worker_id = worker_id_](JobLoop& self, Result<std::vector<store::Job>> jobs) {
            if (!jobs && (jobs.error().kind == ErrorKind::Conflict ||
                          jobs.error().kind == ErrorKind::NotFound)) {
              self.lost_registration(worker_id);
              jobs = std::vector<store::Job>();
            }
            self.claimed(limit, std::move(jobs));
          }));
}

void JobLoop::claimed(std::uint32_t limit, Result<std::vector<store::Job>> jobs) {
  claiming_ = false;
  look_.reset();
  if (!jobs) {
    parts_.observer.trouble("claim", jobs.error());
    disappointed_ = true;
  } else if (jobs->empty()) {
    // Paused, taken by another worker, or this process must register first.
    disappointed_ = registered_;
  } else {
    options_.failpoint.hit(CrashAt::AfterClaim);
    // Claimed too late: the release at the end of the drain gives them back.
    if (!drained_) {
      // There may be more than this worker can take: another one may be asleep.
      if (jobs->size() == limit) doorbell_.ring();
      for (store::Job& job : *jobs)
        begin(std::move(job));
    }
  }
  if (drained_) return drain_step();
  pump();
}

}  // namespace holdfast::queue
