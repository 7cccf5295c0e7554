// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerLease: this process's registration with the queue, and the lease that its jobs depend on.
// The lease is renewed with a claim and while jobs are held. An idle worker lets it lapse, so that
// it writes nothing, and registers again if others swept it up.
//
// Threads: the loop's. Ownership: a shared_ptr; pending callbacks hold weak references.

#include "queue-worker/jobs/parts.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace holdfast::queue {

class WorkerLease : public std::enable_shared_from_this<WorkerLease> {
 public:
  struct Hooks {
    std::function<bool()> holds_jobs;
    // Declared dead: the jobs of this registration have other owners now.
    std::function<void()> lost;
    // The job was cancelled or is past its deadline. False if it is not held here.
    std::function<bool(store::JobKey)> stop_job;
  };

  WorkerLease(const Parts& parts, store::WorkerIdentity identity, Duration lease, Hooks hooks);

  // At start-up, before the loop runs: blocks until the store has answered.
  Result<void> register_at_start();
  // After the registration was lost. An error is reported to the observer.
  void register_again(std::function<void(bool registered)> done);
  bool registered() const { return registered_; }
  std::int64_t worker_id() const { return worker_id_; }

  void renew();
  // If a third of the lease is over: beside a claim, so that both are one commit.
  void renew_if_due();
  // Every third of the lease, while jobs are held.
  void keep_renewing();
  // The store refused a claim of this worker id.
  void declared_dead(std::int64_t worker_id);
  // The end of a job has been refused since then. If the lease was renewed meanwhile, it alone
  // keeps that job from anybody else: this registration is given up, and the next one rescues its
  // jobs.
  void give_up_if_renewed(MonoTime since);

  // Gives back the jobs of this worker that are still running, and removes its registration.
  void end(std::function<void()> done);

 private:
  void registered_as(std::int64_t worker_id);
  void renewed(std::int64_t worker_id, const Result<store::HeartbeatReply>& reply);

  Parts parts_;
  store::WorkerIdentity identity_;
  const Duration lease_;
  const Hooks hooks_;
  boost::asio::steady_timer renew_timer_;
  std::int64_t worker_id_ = 0;
  bool registered_ = false;
  bool renewing_ = false;  // the timer runs
  std::optional<MonoTime> renewed_at_;
  MonoTime confirmed_at_{};  // the last answer of the store that this worker lives
};

}  // namespace holdfast::queue
