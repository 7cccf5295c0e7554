// SPDX-License-Identifier: Apache-2.0
#pragma once

// AlertDelivery: the delivery of alerts put together: database, outbox, receivers and the
// dead-man's switch.
//
// Threads: constructed and destroyed on the main thread; the rest from any.

#include "common/config/load.hpp"
#include "supervisor/alerts/dead_man_ping.hpp"
#include "supervisor/alerts/delivery.hpp"
#include "supervisor/state/snapshot.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::supervisor::daemon {

class AlertDelivery {
 public:
  // `clock`, `heartbeat`, `log` and `children` must outlive it.
  AlertDelivery(const config::Config& config, config::Environ environment, const Clock& clock,
                const Heartbeat& heartbeat, const log::Logger& log, process::OwnChildren& children,
                alerts::Delivery::OnOutcome on_outcome);

  ~AlertDelivery();
  AlertDelivery(const AlertDelivery&) = delete;

  alerts::Delivery& delivery() { return delivery_; }
  alerts::Database& database() { return database_; }  // for the rules' tables, too

  // After a reload. Returns at once; it takes effect on a thread of its own, in order.
  void configure(const config::Config& config);

  // A test message to one receiver, or to all; `done` is called on that thread, or not at all
  // if it is stopped first.
  using Tested = std::function<void(std::vector<alerts::TestReport>)>;
  void test(std::optional<std::string> receiver, Tested done);

  void flush_and_stop(MonoTime deadline);

 private:
  void post(std::function<void()> task);
  void work(const std::stop_token& stop);

  const config::Environ environ_;
  const alerts::TransportParts transport_;
  alerts::Database database_;
  alerts::Outbox outbox_;
  alerts::Delivery delivery_;
  alerts::DeadManPing ping_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::function<void()>> tasks_;
  std::jthread worker_;  // the last: it uses all of the above
};

}  // namespace holdfast::supervisor::daemon
