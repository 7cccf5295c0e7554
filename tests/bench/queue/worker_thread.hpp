// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerThread: a queue worker's loop in this process, on a thread of its own, as the peers have
// theirs in the process that also adds the jobs. Everything is the worker's but the provider of
// vectors, and the process around it.

#include "common/embedding/hashing.hpp"
#include "common/protocol/doorbell.hpp"
#include "queue-worker/jobs/job_loop.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

namespace holdfast::bench {

// Embeds as Holdfast does by default, after it has called `begun` on the job's thread.
class StampingProvider final : public embedding::Provider {
 public:
  explicit StampingProvider(std::function<void()> begun) : begun_(std::move(begun)) {}
  std::string_view name() const override { return "hashing"; }
  std::uint32_t dimensions() const override { return 256; }
  std::string space() const override { return real_.space(); }
  Result<embedding::Vectors> embed(std::span<const std::string_view> texts,
                                   const embedding::EmbedCall& call) override {
    begun_();
    return real_.embed(texts, call);
  }

 private:
  std::function<void()> begun_;
  embedding::HashingProvider real_{256};
};

// Counts the jobs that were done; may be asked on any thread.
class DoneCounter final : public queue::JobObserver {
 public:
  int done() const { return done_; }

  void registered(std::int64_t, bool) override {}
  void job_started(const queue::JobInfo&, Duration) override {}
  void job_ended(const queue::JobInfo& job, queue::AttemptResult result, Duration,
                 std::string_view detail) override;
  void batch_embedded(Duration, bool) override {}
  void jobs_released(std::int64_t) override {}
  void jobs_rescued(std::int64_t) override {}
  void jobs_pruned(std::int64_t) override {}
  void documents_outdated(std::int64_t) override {}
  void trouble(std::string_view what, const Error& error) override;

 private:
  std::atomic<int> done_ = 0;
};

class WorkerThread {
 public:
  // `store` and `provider` outlive it.
  WorkerThread(store::Store& store, embedding::Provider& provider);
  WorkerThread(const WorkerThread&) = delete;
  ~WorkerThread();

  // What API workers ring.
  const protocol::Doorbell& doorbell() const { return doorbell_; }
  int done() const { return counter_.done(); }

 private:
  boost::asio::io_context io_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> busy_;
  SystemClock clock_;
  DoneCounter counter_;
  protocol::Doorbell doorbell_;
  std::shared_ptr<queue::JobLoop> loop_;
  std::thread thread_;
};

}  // namespace holdfast::bench
