// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/offload.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>

namespace holdfast::api {

class Offload::Impl {
 public:
  Impl(std::uint32_t threads, std::uint32_t max_pending)
      : pool_(threads), max_pending_(max_pending) {}

  bool post(std::function<void()> task) {
    if (stopped_) return false;
    if (pending_.fetch_add(1) >= max_pending_) {
      --pending_;
      return false;
    }
    boost::asio::post(pool_, [this, task = std::move(task)] {
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
  std::atomic<std::uint32_t> pending_{0};
  std::atomic<bool> stopped_{false};
};

Offload::Offload(std::uint32_t threads, std::uint32_t max_pending)
    : impl_(std::make_unique<Impl>(threads == 0 ? 1 : threads, max_pending)) {}

Offload::~Offload() {
  stop();
}

bool Offload::run(Work work, std::function<void()> task) {
  if (work == Work::Scan) return impl_->post(std::move(task));
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
