// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/relay_output.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kShares = 16;

}  // namespace

RelayOutput::RelayOutput(std::unique_ptr<LogSink> sink, std::size_t limit, Duration stall_limit,
                         SinkErrors& errors, RecentLines& recent, const Clock& clock)
    : sink_(std::move(sink)),
      limit_(limit),
      write_at_(std::min(limit, kWriteAt)),
      stall_limit_(stall_limit),
      errors_(errors),
      recent_(recent),
      clock_(clock) {}

void RelayOutput::end() {
  if (!lost_.empty()) {
    recent_.append(worker_, lost_);
    lost_.clear();
  }
  const std::size_t bytes = text_.size() - attributed_;
  if (bytes == 0) return;
  recent_.append(worker_, std::string_view(text_).substr(attributed_));
  owner_->waiting += bytes;
  if (!segments_.empty() && segments_.back().owner == owner_) {
    segments_.back().bytes += bytes;
  } else {
    segments_.push_back({owner_, bytes});
  }
  attributed_ = text_.size();
}

bool RelayOutput::make_room() {
  if (dropping_) return false;
  end();
  if (!blocked_) flush();
  if (blocked_ && text_.size() - start_ >= limit_) hold_back();
  return !dropping_;
}

bool RelayOutput::has_own_room() const {
  if (owner_ == nullptr) return false;
  const std::size_t waiting = owner_->waiting + (text_.size() - attributed_);
  return waiting < limit_ / kShares && text_.size() - start_ < 2 * limit_;
}

// The sink is blocked and the buffer is full. Meanwhile the pipes buffer what the workers write.
// After the stall limit lines are dropped, so that no worker blocks on its log.
void RelayOutput::hold_back() {
  const MonoTime deadline = clock_.mono() + stall_limit_;
  while (blocked_ && half_full()) {
    const Duration left = deadline - clock_.mono();
    if (left <= Duration::zero()) {
      dropping_ = true;
      return;
    }
    wait_until_writable(left);
    flush();
  }
}

void RelayOutput::wait_until_writable(Duration at_most) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(at_most).count();
  pollfd ready{sink_->poll_fd(), POLLOUT, 0};
  ::poll(&ready, 1, static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000)));
}

void RelayOutput::flush() {
  end();
  blocked_ = false;
  if (empty()) return;
  const LogSink::Written written = sink_->write(std::string_view(text_).substr(start_));
  taken(written.bytes);
  errors_.rotations.store(sink_->rotations(), std::memory_order_relaxed);
  if (written.outcome == LogSink::Outcome::WouldBlock) {
    blocked_ = true;
  } else if (written.outcome == LogSink::Outcome::Failed) {
    errors_.count.fetch_add(1, std::memory_order_relaxed);
    errors_.last.store(written.os_error, std::memory_order_relaxed);
    drop_all();
  }
  if (dropping_ && !half_full()) dropping_ = false;
}

void RelayOutput::drop_all() {
  end();
  for (auto at = text_.begin() + static_cast<std::ptrdiff_t>(start_);
       const Segment& s : segments_) {
    const auto stop = at + static_cast<std::ptrdiff_t>(s.bytes);
    s.owner->dropped.fetch_add(static_cast<std::uint64_t>(std::count(at, stop, '\n')),
                               std::memory_order_relaxed);
    at = stop;
  }
  sink_->skip_rest_of_line();
  taken(text_.size() - start_);
  dropping_ = false;
}

void RelayOutput::reopen() {
  sink_->reopen();
  flush();
}

void RelayOutput::taken(std::size_t bytes) {
  start_ += bytes;
  while (bytes > 0) {
    Segment& front = segments_.front();
    const std::size_t part = std::min(bytes, front.bytes);
    front.bytes -= part;
    front.owner->waiting -= part;
    bytes -= part;
    if (front.bytes == 0) segments_.pop_front();
  }
  if (empty()) {
    text_.clear();
    start_ = 0;
  } else if (start_ >= kWriteAt) {
    text_.erase(0, start_);
    start_ = 0;
  }
  attributed_ = text_.size();
}

}  // namespace holdfast::supervisor::logs
