// SPDX-License-Identifier: Apache-2.0
#pragma once

// InFlightJobs: the jobs that this process holds, each from its claim to the moment its result is
// in the store.
//
//   begin -> start (the store's mark) -> [job thread: load, chunk, embed] -> complete
//                                                                         \-> fail, retry later
//
// Every step names the fence of the job's claim. A result whose fence is stale is dropped and
// counted: the job has another owner. Any other failure of the store says nothing about that: the
// job stays here and the step is tried again every poll interval, for as long as the lease lasts.
// If the store takes everything but the end of a job, the hook cannot_end says so.
//
// Threads: the loop's; job threads and store callbacks post to it. Ownership: a shared_ptr; pending
// work holds weak references, so it may be destroyed at any time on the loop's thread. That waits
// for the job threads, which stop at their next batch.

#include "common/config/config.hpp"
#include "queue-worker/jobs/embed_job.hpp"
#include "queue-worker/jobs/job_threads.hpp"
#include "queue-worker/jobs/parts.hpp"

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace holdfast::queue {

class InFlightJobs : public std::enable_shared_from_this<InFlightJobs> {
 public:
  struct Options {
    config::Queue limits;
    embedding::ChunkOptions chunking;
    std::uint64_t seed = 0;  // of the back-off's jitter
  };
  struct Hooks {
    std::function<void()> thread_free;  // a job's work is over, its result not yet stored
    std::function<void()> job_ended;    // it is no longer held
    // For a lease's length the store has refused to end a job, since the time given here: who
    // renews the lease would keep the job "running" without anybody working on it.
    std::function<void(MonoTime since)> cannot_end;
  };
  struct Load {
    std::uint32_t in_work = 0;      // claimed, and the work not finished
    std::uint32_t settling = 0;     // the result is not yet stored
    std::uint32_t quarantined = 0;  // of both: jobs that must run alone
  };

  // One job thread per beat.
  InFlightJobs(const Parts& parts, Options options,
               std::vector<std::shared_ptr<worker::Beat>> beats, Hooks hooks);
  ~InFlightJobs();

  void begin(store::Job job);

  // Tells the work on this job to stop. False if it is not held.
  bool stop(store::JobKey key);
  // The worker stops: work that ends early is given back rather than failed.
  void stop_all_for_shutdown();
  // Asks the provider, on a job thread, whether it takes texts again; then `done`, on the loop.
  void probe_provider(std::function<void()> done);
  // The worker was declared dead: whatever becomes of these jobs is for others to say.
  void disown_all();

  std::size_t size() const { return held_.size(); }
  bool empty() const { return held_.empty(); }
  Load load() const;
  // The moving mean of the time that the work on a job takes; nothing before the first.
  std::optional<Duration> mean_time() const { return mean_time_; }

 private:
  enum class Phase { Working, Settling };
  struct Held {
    store::Job job;
    JobInfo info;
    Phase phase = Phase::Working;
    MonoTime began;
    std::shared_ptr<std::atomic<bool>> stop;
    bool disowned = false;
    std::optional<MonoTime> refused_since;  // the store would not end it, though it is there
    protocol::InFlightTable::Slot listed = protocol::InFlightTable::kNone;
  };
  struct Computed {
    Outcome outcome;
    Duration took{};
  };
  using Step = std::function<void(InFlightJobs&, Held&)>;

  void list(Held& held);
  void unlist(const Held& held);
  void work_on(Held& held);
  void computed(store::JobKey key, Computed result);
  void settle(Held& held, Outcome outcome);
  void store_embedding(Held& held, Embedded embedded);
  void embedding_stored(store::JobKey key, const std::string& detail, const Result<void>& result);
  void complete(Held& held, std::string detail);
  // How a job fails.
  struct Failing {
    std::string error;
    bool permanent = false;
    std::optional<Duration>
        postponed_for{};  // through no fault of the job: the attempt is given back
  };
  void fail_job(Held& held, const Failing& failing);
  void end_failed(store::JobKey key, std::string_view what, const Error& error, Step step);
  void try_again_later(store::JobKey key, Step step);
  void end(store::JobKey key, AttemptResult result, std::string_view detail);
  void forget(std::int64_t job_id, AttemptResult result, std::string_view detail);
  Held* find(store::JobKey key);
  static store::JobKey key_of(const Held& held) { return {held.job.id, held.job.fence}; }

  template <class T, class Then>
  store::Callback<T> on_loop(Then then) {
    return queue::on_loop<T>(parts_.io, weak_from_this(), std::move(then));
  }

  Parts parts_;
  const Options options_;
  const Hooks hooks_;
  std::mt19937_64 random_;
  std::map<std::int64_t, Held> held_;  // by job id
  std::optional<Duration> mean_time_;
  bool shutting_down_ = false;
  const std::shared_ptr<std::atomic<bool>> stopping_ = std::make_shared<std::atomic<bool>>(false);
  std::unique_ptr<JobThreads> threads_;  // last: the tasks use the parts
};

}  // namespace holdfast::queue
