// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReceiverThread: the thread that delivers to one receiver. Its queue decides; the transport
// carries out; the outbox remembers.
//
// Threads: all methods from any thread. The outbox is written with the queue locked, so that it
// sees the changes in their order; metrics() does not wait for it.

#include "common/base/clock.hpp"
#include "common/log/logger.hpp"
#include "supervisor/alerts/outbox.hpp"
#include "supervisor/alerts/queue.hpp"
#include "supervisor/alerts/transport.hpp"
#include "supervisor/state/notification_metrics.hpp"

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <stop_token>
#include <string>
#include <thread>

namespace holdfast::supervisor::alerts {

class ReceiverThread {
 public:
  struct Parts {
    Outbox& outbox;
    const TransportParts& transport;
    const Clock& clock;
    const log::Logger& log;
    std::function<void(const QueueOutcome&)> on_outcome;  // on the thread, or that of send()
  };

  // Loads what the outbox has for it, and starts. `receiver.type` is registered.
  ReceiverThread(std::string name, config::AlertReceiver receiver, Parts parts);
  ~ReceiverThread();
  ReceiverThread(const ReceiverThread&) = delete;
  ReceiverThread& operator=(const ReceiverThread&) = delete;

  const config::AlertReceiver& receiver() const { return receiver_; }
  void send(Notification notification);
  void reloaded();
  void retain(const std::vector<AlertKey>& firing);
  NotificationMetrics metrics() const;
  bool holds(const std::string& notification) const;
  // Past the queue, on the caller's thread.
  Attempted try_now(const Notification& notification) const;

  // Whether nothing is due and nothing under way.
  bool is_idle() const;
  // Breaks off what is under way.
  void stop();

 private:
  void run(const std::stop_token& stop);
  void deliver(const QueueAttempt& attempt, const std::stop_token& stop);
  Now now() const { return {parts_.clock.mono(), parts_.clock.wall()}; }
  // With the queue locked: writes the outbox. Returns what has to be told once it is unlocked.
  std::vector<QueueOutcome> settle();
  void tell(const std::vector<QueueOutcome>& outcomes);
  void count(const std::vector<QueueOutcome>& outcomes);
  void report(const Verdict& verdict);

  const std::string name_;
  const config::AlertReceiver receiver_;
  const ReceiverKind& kind_;
  const Parts parts_;
  std::mt19937_64 random_;  // the thread's

  mutable std::mutex mutex_;  // queue, news, busy
  std::condition_variable_any changed_;
  std::unique_ptr<Queue> queue_;
  std::uint64_t news_ = 0;  // rises with what the thread must look at
  bool busy_ = false;

  mutable std::mutex metrics_mutex_;
  NotificationMetrics metrics_;
  std::string trouble_;  // the thread's: what was reported last; empty: it is well

  std::jthread thread_;  // the last: it uses all of the above
};

}  // namespace holdfast::supervisor::alerts
