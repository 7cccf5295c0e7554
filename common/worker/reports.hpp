// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reports: what a worker tells its supervisor. The notification socket never makes a worker wait,
// and may be full or missing for a moment: what could not be sent is kept, in order, and sent again
// until it has arrived. Only the supervisor decides how long that may take (ready_timeout,
// watchdog).
//
// Threads: the loop's.

#include "common/log/logger.hpp"
#include "common/notify/notify.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <string>
#include <string_view>

namespace holdfast::worker {

class Reports {
 public:
  // The references outlive it.
  Reports(boost::asio::io_context& io, const notify::Notifier& notifier, const log::Logger& log);

  void ready() { send("READY=1"); }
  void stopping() { send("STOPPING=1\nSTATUS=draining"); }
  void watchdog();
  void status(std::string_view text);  // see Notifier::status()
  void send(std::string state);
  bool all_sent() const { return unsent_.empty(); }

 private:
  void keep(std::string state);
  void retry_later();
  void retry();

  const notify::Notifier& notifier_;
  const log::Logger& log_;
  std::deque<std::string> unsent_;
  std::uint32_t tries_ = 0;  // since something could not be sent
  boost::asio::steady_timer timer_;
};

}  // namespace holdfast::worker
