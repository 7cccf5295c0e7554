// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/job_loop.hpp"

#include "common/base/backoff.hpp"
#include "common/base/failpoint.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::queue {

namespace {

constexpr double kPollJitter = 0.2;
// How long jobs that were told to stop may take to reach the end of their batch.
constexpr Duration kStopTime = std::chrono::seconds(1);
// What giving back may take at the end of the whole time, and what it may take before. To a server
// that stays silent nothing can be given back: the lease will run out.
constexpr Duration kLastGiveBack = std::chrono::milliseconds(500);
constexpr Duration kGiveBack = std::chrono::seconds(2);

}  // namespace

std::shared_ptr<JobLoop> JobLoop::create(const Parts& parts, LoopOptions options,
                                         protocol::DoorbellListener doorbell,
                                         std::vector<std::shared_ptr<worker::Beat>> beats) {
  const std::shared_ptr<JobLoop> loop(new JobLoop(parts, std::move(options), std::move(doorbell)));
  loop->assemble(std::move(beats));
  return loop;
}

JobLoop::JobLoop(const Parts& parts, LoopOptions options, protocol::DoorbellListener doorbell)
    : parts_(parts),
      options_(std::move(options)),
      doorbell_(std::move(doorbell)),
      random_(options_.seed),
      sleep_timer_(parts.io),
      drain_timer_(parts.io),
      stop_timer_(parts.io),
      reads_(parts.io, parts.store) {}

void JobLoop::assemble(std::vector<std::shared_ptr<worker::Beat>> beats) {
  // The owned objects may briefly outlive this in a callback, so their hooks ask first.
  const auto hook = [weak = weak_from_this()](auto then) {
    return [weak, then] {
      if (const auto self = weak.lock()) then(*self);
    };
  };
  jobs_ = std::make_shared<InFlightJobs>(
      parts_, InFlightJobs::Options{options_.limits, options_.chunking, random_()},
      std::move(beats),
      InFlightJobs::Hooks{hook([](JobLoop& self) {
                            self.peeked_.reset();
                            self.advance();
                          }),
                          hook([](JobLoop& self) { self.job_ended(); }),
                          [weak = weak_from_this()](MonoTime since) {
                            const auto self = weak.lock();
                            // A drain ends with a release.
                            if (self && !self->drained_) self->lease_->give_up_if_renewed(since);
                          }});
  const std::weak_ptr<InFlightJobs> jobs = jobs_;
  lease_ = std::make_shared<WorkerLease>(
      parts_, options_.identity, options_.limits.lease,
      WorkerLease::Hooks{[jobs] {
                           const auto held = jobs.lock();
                           return held && !held->empty();
                         },
                         hook([](JobLoop& self) { self.lease_lost(); }),
                         [jobs](store::JobKey key) {
                           const auto held = jobs.lock();
                           return held && held->stop(key);
                         }});
  upkeep_ = std::make_shared<QueueUpkeep>(
      parts_, reads_,
      QueueUpkeep::Options{options_.queue, options_.limits.lease, options_.limits.keep_done,
                           options_.limits.job_timeout},
      QueueUpkeep::Hooks{[jobs] {
                           const auto held = jobs.lock();
                           return held ? held->size() : 0;
                         },
                         hook([](JobLoop& self) {
                           if (self.lease_->registered()) self.lease_->renew();
                         }),
                         hook([](JobLoop& self) { self.wake(); }), hook([](JobLoop& self) {
                           self.doorbell_.ring();  // for the others
                           self.wake();
                         })});
}

Result<void> JobLoop::start() {
  HOLDFAST_TRY(lease_->register_at_start());
  upkeep_->start();
  advance();
  return {};
}

ClaimState JobLoop::claim_state() const {
  const InFlightJobs::Load load = jobs_->load();
  ClaimState state;
  state.draining = drained_ != nullptr;
  state.registered = lease_->registered();
  state.step_pending = pending_ != Pending::Nothing;
  state.backing_off = backing_off_;
  state.probing = probing_;
  state.provider = parts_.provider.state();
  state.threads = std::max(options_.limits.concurrency, 1u);
  state.capacity = capacity(options_.limits.concurrency, options_.limits.batch, jobs_->mean_time());
  state.in_work = load.in_work;
  state.settling = load.settling;
  state.quarantined = load.quarantined;
  state.peeked = more_ ? store::JobQueue::Peek{true, std::nullopt} : peeked_;
  return state;
}

void JobLoop::advance() {
  sleeping_ = false;
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const Duration poll = jittered(options_.limits.poll, kPollJitter, random);
  const NextStep step = next_step(claim_state(), to_unix_ms(parts_.clock.wall()), poll);
  switch (step.action) {
    case Action::Wait: return;
    case Action::Register: return register_again();
    case Action::Peek: return peek();
    case Action::Claim: return claim(step.limit);
    case Action::Probe: return probe();
    case Action::Sleep: return sleep(step.sleep);
  }
}

void JobLoop::wake() {
  peeked_.reset();
  more_ = false;
  changed_ = true;
  backing_off_ = false;
  advance();
}

void JobLoop::register_again() {
  pending_ = Pending::Registration;
  lease_->register_again([weak = weak_from_this()](bool registered) {
    const auto self = weak.lock();
    if (!self) return;
    self->pending_ = Pending::Nothing;
    self->backing_off_ = !registered;
    if (self->drained_) return self->leave_if_finished();
    self->advance();
  });
}

void JobLoop::peek() {
  pending_ = Pending::Peek;
  changed_ = false;
  reads_.bounded([queue = options_.queue](store::Store& store) { return store.peek(queue); },
                 [weak = weak_from_this()](const Result<store::JobQueue::Peek>& peek) {
                   if (const auto self = weak.lock()) self->peeked(peek);
                 });
}

void JobLoop::peeked(const Result<store::JobQueue::Peek>& peek) {
  pending_ = Pending::Nothing;
  if (!peek) {
    parts_.observer.trouble("peek", peek.error());
    backing_off_ = true;
  } else if (peek->ready || !changed_) {
    peeked_ = *peek;
  }  // else it may have missed a job that came meanwhile: peek again
  advance();
}

void JobLoop::sleep(Duration duration) {
  sleeping_ = true;
  after(sleep_timer_, duration, weak_from_this(), [](JobLoop& self) { self.wake(); });
  if (listening_) return;
  listening_ = true;
  doorbell_.wait([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->listening_ = false;
    // Busy by now: the bell stays set, for a worker that is free, or for the next sleep here.
    if (!self->sleeping_) return;
    self->doorbell_.clear();
    self->wake();
  });
}

void JobLoop::probe() {
  probing_ = true;
  jobs_->probe_provider([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->probing_ = false;
    if (!self->drained_) self->wake();
  });
}

void JobLoop::claim(std::uint32_t limit) {
  sleep_timer_.cancel();
  pending_ = Pending::Claim;
  lease_->renew_if_due();
  parts_.store.claim(
      {lease_->worker_id(), options_.queue, limit, options_.limits.job_timeout},
      on_loop<std::vector<store::Job>>(parts_.io, weak_from_this(),
                                       [limit, worker_id = lease_->worker_id()](
                                           JobLoop& self, Result<std::vector<store::Job>> jobs) {
                                         if (!jobs && (jobs.error().kind == ErrorKind::Conflict ||
                                                       jobs.error().kind == ErrorKind::NotFound)) {
                                           self.lease_->declared_dead(worker_id);
                                           jobs = std::vector<store::Job>();
                                         }
                                         self.claimed(limit, std::move(jobs));
                                       }));
}

void JobLoop::claimed(std::uint32_t limit, Result<std::vector<store::Job>> jobs) {
  pending_ = Pending::Nothing;
  peeked_.reset();
  const bool looked = !std::exchange(more_, false);
  if (!jobs) {
    parts_.observer.trouble("claim", jobs.error());
    backing_off_ = true;
  } else if (jobs->empty()) {
    // Paused, taken by another worker, or this process must register first. Nothing was seen to be
    // there if no look came before.
    backing_off_ = lease_->registered() && looked;
  } else {
    failpoint(FaultStep::Claimed);
    // Claimed too late: the release at the end of the drain gives them back.
    if (!drained_) {
      if (jobs->size() == limit) {
        // There may be more than this worker can take: another one may be asleep.
        doorbell_.ring();
        // Of jobs that are worked on one by one each would be followed by a claim in vain.
        more_ = limit > options_.limits.concurrency;
      }
      for (store::Job& job : *jobs)
        jobs_->begin(std::move(job));
      lease_->keep_renewing();
      look_for_stops();
    }
  }
  if (drained_) return leave_if_finished();
  advance();
}

void JobLoop::job_ended() {
  if (drained_) return leave_if_finished();
  // A job that runs alone may have been waiting for this one.
  backing_off_ = false;
  peeked_.reset();
  advance();
}

void JobLoop::look_for_stops() {
  if (looking_) return;
  looking_ = true;
  after(stop_timer_, options_.limits.poll, weak_from_this(), [](JobLoop& self) {
    self.looking_ = false;
    if (self.jobs_->empty() || !self.lease_->registered()) return;
    self.reads_.bounded(
        [worker_id = self.lease_->worker_id()](store::Store& store) {
          return store.jobs_to_stop(worker_id);
        },
        [weak = self.weak_from_this()](const Result<std::vector<store::JobKey>>& keys) {
          if (const auto loop = weak.lock()) loop->stop_jobs(keys);
        });
  });
}

void JobLoop::stop_jobs(const Result<std::vector<store::JobKey>>& keys) {
  if (keys) {
    for (const store::JobKey& key : *keys)
      jobs_->stop(key);
  } else {
    parts_.observer.trouble("look for cancelled jobs", keys.error());
  }
  look_for_stops();
}

void JobLoop::lease_lost() {
  jobs_->disown_all();
  if (drained_) return leave_if_finished();
  wake();
}

void JobLoop::drain(std::function<void()> done) {
  if (drained_) return;
  drained_ = std::move(done);
  sleep_timer_.cancel();
  upkeep_->stop();
  parts_.store.finish_within(options_.drain_budget + kStopTime + kLastGiveBack);
  after(drain_timer_, options_.drain_budget, weak_from_this(),
        [](JobLoop& self) { self.drain_budget_over(); });
  leave_if_finished();
}

void JobLoop::leave_if_finished() {
  const bool answer_awaited = pending_ == Pending::Claim || pending_ == Pending::Registration;
  if (!answer_awaited && jobs_->empty()) leave();
}

void JobLoop::drain_budget_over() {
  jobs_->stop_all_for_shutdown();
  // A job that does not stop in time is left behind: the fence keeps its result out.
  after(drain_timer_, kStopTime, weak_from_this(), [](JobLoop& self) { self.leave(); });
}

void JobLoop::leave() {
  if (leaving_) return;
  leaving_ = true;
  drain_timer_.cancel();
  parts_.store.finish_within(kGiveBack);
  lease_->end([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->drained_();
  });
}

}  // namespace holdfast::queue
