// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/snapshot_publisher.hpp"

#include <unistd.h>

#include <memory>

namespace holdfast::supervisor {

namespace {

constexpr Duration kPause = std::chrono::milliseconds(20);

}  // namespace

SnapshotPublisher::SnapshotPublisher(boost::asio::io_context& io, const Clock& clock,
                                     const core::Fleet& fleet, SnapshotCell& cell,
                                     std::function<Listeners()> listeners, OnPublished on_published)
    : clock_(clock),
      fleet_(fleet),
      cell_(cell),
      listeners_(std::move(listeners)),
      on_published_(std::move(on_published)),
      timer_(io) {}

void SnapshotPublisher::start(KernelLimits kernel_limits) {
  kernel_limits_ = std::move(kernel_limits);
  started_at_ = clock_.mono();
  started_at_wall_ = clock_.wall();
  last_reload_at_ = started_at_wall_;
  cell_.store(take());
}

void SnapshotPublisher::publish() {
  if (fleet_.revision() == published_revision_ || timer_armed_) return;
  const MonoTime earliest = published_at_ + kPause;
  if (clock_.mono() >= earliest) {
    publish_now();
    return;
  }
  timer_armed_ = true;
  timer_.expires_at(earliest);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;  // cancelled: the publisher may be gone
    timer_armed_ = false;
    publish_now();
  });
}

void SnapshotPublisher::publish_if_changed() {
  if (fleet_.revision() != published_revision_) publish_now();
}

std::shared_ptr<const FleetSnapshot> SnapshotPublisher::take() const {
  auto snapshot = std::make_shared<FleetSnapshot>();
  snapshot->view = fleet_.view();
  snapshot->taken_at = clock_.mono();
  snapshot->taken_at_wall = clock_.wall();
  snapshot->started_at = started_at_;
  snapshot->started_at_wall = started_at_wall_;
  snapshot->pid = ::getpid();
  snapshot->listeners = listeners_();
  snapshot->listener_troubles = troubles_;
  snapshot->kernel_limits = kernel_limits_;
  snapshot->watches = watches_;
  snapshot->store = store_;
  snapshot->log_levels = log_levels_;
  snapshot->last_reload_ok = last_reload_ok_;
  snapshot->last_reload_at = last_reload_at_;
  snapshot->last_reload_error = last_reload_error_;
  return snapshot;
}

void SnapshotPublisher::publish_now() {
  const auto snapshot = take();
  published_at_ = snapshot->taken_at;
  published_revision_ = fleet_.revision();
  cell_.store(snapshot);
  on_published_(*snapshot);
}

void SnapshotPublisher::reload_succeeded() {
  last_reload_ok_ = true;
  last_reload_error_.clear();
  last_reload_at_ = clock_.wall();
}

void SnapshotPublisher::reload_failed(std::string why) {
  last_reload_ok_ = false;
  last_reload_error_ = std::move(why);
}

}  // namespace holdfast::supervisor
