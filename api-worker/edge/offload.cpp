// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/offload.hpp"

#include "common/os/thread.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>

namespace holdfast::api {

class Offload::Impl {
 public:
  Impl(std::uint32_t threads, std::uint32_t max_pending, bool inline_reads)
      : pool_(threads), max_pending_(max_pending), inline_reads_(inline_reads) {}

  bool runs_inline(Work work) const {
    return work == Work::Point || (work == Work::PointRead && inline_reads_);
  }

  bool post(std::function<void()> task) {
    if (stopped_) return false;
    if (pending_.fetch_add(1) >= max_pending_) {
      --pending_;
      return false;
    }
    boost::asio::post(pool_, [this, task = std::move(task)] {
      prepare_thread("api-pool");
      task();
      --pending_;
    });
    return true;
  }

  void stop() {
    stopped_ = true;
    pool_.join();
  }

  std::uint32_t pending() const { return pending_; }

 private:
  boost::asio::thread_pool pool_;
  const std::uint32_t max_pending_;
  const bool inline_reads_;
  std::atomic<std::uint32_t> pending_{0};
  std::atomic<bool> stopped_{false};
};

Offload::Offload(std::uint32_t threads, std::uint32_t max_pending, bool inline_reads)
    : impl_(std::make_unique<Impl>(threads == 0 ? 1 : threads, max_pending, inline_reads)) {}

Offload::~Offload() {
  stop();
}

bool Offload::run(Work work, std::function<void()> task) {
  if (!impl_->runs_inline(work)) return impl_->post(std::move(task));
  task();
  return true;
}

void Offload::stop() {
  impl_->stop();
}

std::uint32_t Offload::pending() const {
  return impl_->pending();
}

}  // namespace holdfast::api
