// SPDX-License-Identifier: Apache-2.0
#pragma once

// SocketWatchdog: ends a blocking exchange at its deadline, or when it is asked to stop, by
// shutting its socket down. The watchdog keeps a duplicate of the descriptor, so it can never
// shut down another socket that was given the same number after a close. Threads: all calls come
// from the thread of the exchange; the watchdog has its own, where it asks `go_on`.

#include "common/base/clock.hpp"
#include "common/os/fd.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace holdfast::http {

class SocketWatchdog {
 public:
  explicit SocketWatchdog(MonoTime deadline, const std::stop_token& stop = {},
                          std::function<bool()> go_on = {});
  ~SocketWatchdog();
  SocketWatchdog(const SocketWatchdog&) = delete;
  SocketWatchdog& operator=(const SocketWatchdog&) = delete;

  void watch(int socket);  // replaces the one before
  bool expired();

 private:
  void wait_for(MonoTime deadline);
  bool is_over_by(std::unique_lock<std::mutex>& lock, MonoTime time);
  void shut_down_socket();
  void expire();

  struct Expire {
    SocketWatchdog& watchdog;
    void operator()() const { watchdog.expire(); }
  };

  const std::function<bool()> go_on_;
  std::mutex mutex_;
  std::condition_variable changed_;
  Fd socket_;
  bool over_ = false;
  bool expired_ = false;
  std::thread thread_;
  std::stop_callback<Expire> on_stop_;  // the last: nothing calls a watchdog that is half gone
};

}  // namespace holdfast::http
