// SPDX-License-Identifier: Apache-2.0
#include "common/http/watchdog.hpp"

#include "common/os/thread.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>

namespace holdfast::http {

namespace {
constexpr Duration kAskEach = std::chrono::milliseconds(200);
}

SocketWatchdog::SocketWatchdog(MonoTime deadline, const std::stop_token& stop,
                               std::function<bool()> go_on)
    : go_on_(std::move(go_on)),
      thread_([this, deadline] { wait_for(deadline); }),
      on_stop_(stop, Expire{*this}) {}

SocketWatchdog::~SocketWatchdog() {
  {
    const std::lock_guard lock(mutex_);
    over_ = true;
    changed_.notify_one();
  }
  thread_.join();
}

void SocketWatchdog::watch(int socket) {
  const std::lock_guard lock(mutex_);
  socket_.reset(::fcntl(socket, F_DUPFD_CLOEXEC, 0));
  if (expired_) shut_down_socket();
}

bool SocketWatchdog::expired() {
  const std::lock_guard lock(mutex_);
  return expired_;
}

void SocketWatchdog::wait_for(MonoTime deadline) {
  prepare_thread("http-deadline");
  std::unique_lock lock(mutex_);
  if (!go_on_) {
    if (is_over_by(lock, deadline)) return;
  }
  for (MonoTime now = MonoTime::clock::now(); go_on_ && now < deadline;
       now = MonoTime::clock::now()) {
    if (is_over_by(lock, std::min(deadline, now + kAskEach))) return;
    lock.unlock();
    const bool goes_on = go_on_();
    lock.lock();
    if (!goes_on) break;
  }
  if (over_) return;
  expired_ = true;
  shut_down_socket();
}

bool SocketWatchdog::is_over_by(std::unique_lock<std::mutex>& lock, MonoTime time) {
  return changed_.wait_until(lock, time, [this] { return over_; });
}

void SocketWatchdog::expire() {
  const std::lock_guard lock(mutex_);
  expired_ = true;
  shut_down_socket();
}

void SocketWatchdog::shut_down_socket() {
  if (socket_) ::shutdown(socket_.get(), SHUT_RDWR);
}

}  // namespace holdfast::http
