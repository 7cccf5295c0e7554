// SPDX-License-Identifier: Apache-2.0
#include "common/http/watchdog.hpp"

#include "common/os/thread.hpp"

#include <fcntl.h>
#include <sys/socket.h>

namespace holdfast::http {

SocketWatchdog::SocketWatchdog(MonoTime deadline, const std::stop_token& stop)
    : thread_([this, deadline] { wait_for(deadline); }), on_stop_(stop, Expire{*this}) {}

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
  if (changed_.wait_until(lock, deadline, [this] { return over_; })) return;
  expired_ = true;
  shut_down_socket();
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
