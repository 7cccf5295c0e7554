// SPDX-License-Identifier: Apache-2.0
#pragma once

// QueueUpkeep: rescues the jobs of workers that died, deletes old finished jobs, and sees to it
// that documents are embedded again whose vectors were made with another model. Every half lease,
// and every second while there are such documents, it reads the queue's figures; it writes only if
// they call for it.
//
// Threads: the loop's. Ownership: a shared_ptr; pending callbacks hold weak references.

#include "queue-worker/jobs/parts.hpp"
#include "queue-worker/jobs/store_reads.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace holdfast::queue {

class QueueUpkeep : public std::enable_shared_from_this<QueueUpkeep> {
 public:
  struct Options {
    std::string queue;
    Duration lease{};
    Duration keep_done{};
    // Of a job: what an older worker is still at when this one starts may end that much later.
    Duration job_timeout{};
  };
  struct Hooks {
    std::function<std::size_t()> jobs_held;  // by this process
    // This worker's own lease may have lapsed while it was idle: called before a rescue.
    std::function<void()> renew_lease;
    std::function<void()> jobs_rescued;
    std::function<void()> jobs_enqueued;
  };

  // `reads` outlives this.
  QueueUpkeep(const Parts& parts, StoreReads& reads, Options options, Hooks hooks);

  void start();  // the first round at once
  void stop();

 private:
  void round();
  void act_on(const store::QueueStats& stats);
  void rescue();
  void prune();
  void enqueue_outdated(const store::QueueStats& stats);

  Parts parts_;
  StoreReads& reads_;
  const Options options_;
  const Hooks hooks_;
  boost::asio::steady_timer timer_;
  bool stopped_ = false;
  std::optional<MonoTime> pruned_at_;
  bool has_outdated_ = false;
  MonoTime enqueue_again_at_{};
  MonoTime started_at_{};
};

}  // namespace holdfast::queue
