// SPDX-License-Identifier: Apache-2.0
#pragma once

// SocketWatchdog: ends a blocking exchange at its deadline by shutting its socket down.
// Client::stop() of cpp-httplib would not do: it waits for the very lock that connecting and the
// TLS handshake hold. The watchdog keeps a duplicate of the descriptor, so it can never hit another
// socket that got the same number after a close.
// Threads: watch() from the exchange's, which also constructs, destroys and asks.

#include "common/base/clock.hpp"
#include "common/os/fd.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace holdfast::http {

class SocketWatchdog {
 public:
  explicit SocketWatchdog(MonoTime deadline);
  ~SocketWatchdog();
  SocketWatchdog(const SocketWatchdog&) = delete;
  SocketWatchdog& operator=(const SocketWatchdog&) = delete;

  void watch(int socket);  // instead of the one before
  bool expired();

 private:
  void wait_for(MonoTime deadline);
  void bite();

  std::mutex mutex_;
  std::condition_variable changed_;
  Fd socket_;
  bool over_ = false;
  bool expired_ = false;
  std::thread thread_;
};

}  // namespace holdfast::http
