// SPDX-License-Identifier: Apache-2.0
#pragma once

// JobLoop: one process's part in the queue. It peeks (reads), claims jobs for its free threads
// (claim_policy.hpp decides when), and sleeps until the doorbell rings or the poll interval is
// over. The rest is done by what it owns: WorkerLease registers this process and renews its lease,
// InFlightJobs takes each claimed job to its result, QueueUpkeep rescues and deletes.
//
// Rules
// - Nothing is written while there is nothing to do.
// - No read of the store holds up the loop (store_reads.hpp).
// - While jobs are held, the store is asked every poll interval which of them are to stop: a job
// that
//   is cancelled, or past its deadline, ends at its next batch, and not at the next heartbeat.
// - Draining: nothing new is claimed; held jobs may finish within the budget; the rest are told to
//   stop and given back with their attempt.
//
// Threads: all methods on the thread that runs the io_context. Ownership: create() it as a
// shared_ptr; pending work holds weak references, so it may be destroyed at any time on the loop's
// thread, which waits for the job threads. Everything in Parts outlives it.

#include "common/protocol/doorbell_listener.hpp"
#include "queue-worker/jobs/claim_policy.hpp"
#include "queue-worker/jobs/in_flight_jobs.hpp"
#include "queue-worker/jobs/parts.hpp"
#include "queue-worker/jobs/queue_upkeep.hpp"
#include "queue-worker/jobs/store_reads.hpp"
#include "queue-worker/jobs/worker_lease.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace holdfast::queue {

struct LoopOptions {
  std::string queue = "default";
  store::WorkerIdentity identity;
  config::Queue limits;
  embedding::ChunkOptions chunking;
  Duration drain_budget = std::chrono::seconds(8);
  std::uint64_t seed = 0;  // of the jitter
};

class JobLoop : public std::enable_shared_from_this<JobLoop> {
 public:
  // One job thread per beat.
  static std::shared_ptr<JobLoop> create(const Parts& parts, LoopOptions options,
                                         protocol::DoorbellListener doorbell,
                                         std::vector<std::shared_ptr<worker::Beat>> beats);

  // Registers this process (blocking) and begins to look for jobs.
  Result<void> start();

  // `done` is called once, on the loop.
  void drain(std::function<void()> done);

  std::size_t held() const { return jobs_->size(); }

 private:
  JobLoop(const Parts& parts, LoopOptions options, protocol::DoorbellListener doorbell);
  void assemble(std::vector<std::shared_ptr<worker::Beat>> beats);

  void advance();  // takes the next step, if there is one to take
  ClaimState claim_state() const;
  void wake();  // something changed: peek again
  void register_again();
  void peek();
  void peeked(const Result<store::JobQueue::Peek>& peek);
  void sleep(Duration duration);
  void probe();
  void claim(std::uint32_t limit);
  void claimed(std::uint32_t limit, Result<std::vector<store::Job>> jobs);
  void job_ended();
  void look_for_stops();  // as long as jobs are held
  void stop_jobs(const Result<std::vector<store::JobKey>>& keys);
  void lease_lost();

  void leave_if_finished();
  void drain_budget_over();
  void leave();

  // What the store was asked for and has not answered.
  enum class Pending { Nothing, Registration, Peek, Claim };

  Parts parts_;
  const LoopOptions options_;
  protocol::DoorbellListener doorbell_;
  std::mt19937_64 random_;
  boost::asio::steady_timer sleep_timer_, drain_timer_, stop_timer_;
  StoreReads reads_;
  std::shared_ptr<WorkerLease> lease_;
  std::shared_ptr<QueueUpkeep> upkeep_;

  Pending pending_ = Pending::Nothing;
  bool backing_off_ = false;
  bool probing_ = false;
  bool sleeping_ = false;
  bool listening_ = false;  // a wait on the doorbell is pending
  bool looking_ = false;    // for jobs to stop: the timer is set
  bool changed_ = false;    // since the pending peek was asked for
  std::optional<store::JobQueue::Peek> peeked_;
  bool more_ = false;              // the last wave was as large as it could be
  std::function<void()> drained_;  // set: draining
  bool leaving_ = false;

  std::shared_ptr<InFlightJobs> jobs_;  // last: it waits for threads that use the parts
};

}  // namespace holdfast::queue
