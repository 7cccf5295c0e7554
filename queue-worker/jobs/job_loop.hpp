// SPDX-License-Identifier: Apache-2.0
#pragma once

// JobLoop: one process's part in the queue. It looks (reads), claims what it has threads for, has
// the work done on those threads, and stores each result under the fence of its claim.
//
//   doorbell, timer -> look -> claim -> start -> [job thread: load, cut, embed] -> complete
//                                                                              \-> fail, retry
// Rules
// - Nothing is written while there is nothing to do. The lease is renewed with a claim and while
//   jobs are held; an idle worker lets it lapse, and registers anew if others swept it up.
// - A result whose fence is stale is dropped and counted: the job has another owner.
// - A store that is busy or full keeps its jobs here: the step is tried again each `poll`.
// - Draining: nothing new is claimed; what is held may finish within the budget; the rest is told
//   to stop and given back with its attempt.
//
// Threads: all methods on the thread that runs the io_context. Store callbacks and job threads post
// to it. Ownership: create() it as a shared_ptr; pending work holds weak references, so it may be
// destroyed at any time on the loop's thread; it waits for job threads, which stop at their next
// batch. Everything in Parts outlives it.

#include "common/protocol/doorbell_listener.hpp"
#include "queue-worker/jobs/embed_job.hpp"
#include "queue-worker/jobs/failpoint.hpp"
#include "queue-worker/jobs/job_threads.hpp"
#include "queue-worker/jobs/observer.hpp"
#include "queue-worker/jobs/pump.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace holdfast::queue {

struct Parts {
  boost::asio::io_context& io;
  store::Store& store;
  embedding::Provider& provider;
  Observer& observer;
  const Clock& clock;
};

struct LoopOptions {
  std::string queue = "default";
  store::WorkerIdentity identity;
  config::Queue limits;
  embedding::ChunkOptions chunking;
  Duration drain_budget = std::chrono::seconds(8);
  Failpoint failpoint;
  std::uint64_t seed = 0;  // of the jitter
};

class JobLoop : public std::enable_shared_from_this<JobLoop> {
 public:
  // One job thread per beat.
  static std::shared_ptr<JobLoop> create(const Parts& parts, LoopOptions options,
                                         protocol::DoorbellListener doorbell,
                                         std::vector<std::shared_ptr<worker::Beat>> beats);
  ~JobLoop();

  // Registers this process (blocking) and begins to look for jobs.
  Result<void> start();

  // `done` is called once, on the loop.
  void drain(std::function<void()> done);

  std::size_t held() const { return held_.size(); }

 private:
  enum class Phase { Starting, Working, Settling };
  struct Held {
    store::Job job;
    JobInfo info;
    Phase phase = Phase::Starting;
    MonoTime began;
    std::shared_ptr<std::atomic<bool>> stop;
    bool lost = false;  // this process was declared dead while it held the job
  };
  struct Computed {
    Outcome outcome;
    Duration took{};
  };

  JobLoop(const Parts& parts, LoopOptions options, protocol::DoorbellListener doorbell,
          std::vector<std::shared_ptr<worker::Beat>> beats);

  // job_loop.cpp: looking and claiming
  void pump();
  PumpState pump_state() const;
  void wake();  // something changed: look again
  void look();
  void sleep(Duration duration);
  void claim(std::uint32_t limit);
  void claimed(std::uint32_t limit, Result<std::vector<store::Job>> jobs);

  // job_flow.cpp: from a claim to its result in the store
  void begin(store::Job job);
  void started(store::JobKey key, const Result<void>& result);
  void work_on(Held& held);
  void computed(store::JobKey key, Computed result);
  void settle(Held& held, Outcome outcome);
  void complete(Held& held, std::string detail);
  void fail_job(Held& held, std::string error, bool permanent);
  void again_later(store::JobKey key, std::function<void(JobLoop&, Held&)> step);
  void end(store::JobKey key, Ending ending, std::string_view detail);
  Held* find(store::JobKey key);

  // job_upkeep.cpp: leases, rescue, retention
  Result<void> register_worker();
  void lost_registration(std::int64_t worker_id);
  void renew();
  void renewed(std::int64_t worker_id, const Result<store::HeartbeatReply>& reply);
  void keep_renewing();
  void upkeep();
  void prune();

  // job_drain.cpp
  void drain_step();
  void stop_everything();
  void give_back();

  // A store callback that continues on the loop, if this still exists then.
  template <class T, class Then>
  store::Callback<T> on_loop(Then then);
  void after(boost::asio::steady_timer& timer, Duration delay, void (JobLoop::*then)());
  double random() { return std::uniform_real_distribution<double>(0, 1)(random_); }
  static store::JobKey key_of(const Held& held) { return {held.job.id, held.job.fence}; }

  Parts parts_;
  LoopOptions options_;
  protocol::DoorbellListener doorbell_;
  std::mt19937_64 random_;
  boost::asio::steady_timer sleep_timer_, renew_timer_, upkeep_timer_, drain_timer_;

  std::map<std::int64_t, Held> held_;  // by job id
  std::int64_t worker_id_ = 0;
  bool registered_ = false;
  bool claiming_ = false;
  bool disappointed_ = false;
  bool sleeping_ = false;
  bool listening_ = false;  // a wait on the doorbell is pending
  bool renewing_ = false;   // the renew timer runs
  std::optional<Look> look_;
  std::optional<Duration> mean_job_;
  std::optional<MonoTime> renewed_at_, pruned_at_;

  std::function<void()> drained_;  // set: draining
  bool giving_up_ = false;         // the drain budget is over
  bool giving_back_ = false;

  std::unique_ptr<JobThreads> threads_;  // last: the tasks use the parts
};

template <class T, class Then>
store::Callback<T> JobLoop::on_loop(Then then) {
  return [&io = parts_.io, weak = weak_from_this(), then](Result<T> result) {
    boost::asio::post(io, [weak, then, result = std::move(result)]() mutable {
      if (const auto self = weak.lock()) then(*self, std::move(result));
    });
  };
}

}  // namespace holdfast::queue
