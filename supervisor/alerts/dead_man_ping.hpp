// SPDX-License-Identifier: Apache-2.0
#pragma once

// DeadManPing: asks a URL for a sign of life now and then, at a service that raises the alarm when
// the requests stay out (healthchecks.io, or one's own): nothing can report its own death.
//
// Threads: all methods from any thread.

#include "common/base/clock.hpp"
#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/alerts/transport.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>

namespace holdfast::supervisor::alerts {

class DeadManPing {
 public:
  // `is_alive`: asked before each ping; where it says no, none is sent. All must outlive it.
  DeadManPing(const config::AlertPing& ping, const TransportParts& transport,
              const log::Logger& log, std::function<bool()> is_alive);

  void configure(const config::AlertPing& ping);
  void stop();

 private:
  void run(const std::stop_token& stop);
  void ask(const config::AlertPing& ping, const std::stop_token& stop);

  const TransportParts& transport_;
  const log::Logger& log_;
  const std::function<bool()> is_alive_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  config::AlertPing ping_;
  bool failing_ = false;  // the thread's
  std::jthread thread_;   // the last: it uses all of the above
};

}  // namespace holdfast::supervisor::alerts
