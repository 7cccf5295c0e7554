// SPDX-License-Identifier: Apache-2.0
#pragma once

// Delivery: brings notifications to their receivers, each on a thread of its own, so that none
// waits for another. What has been accepted is kept in the outbox until its fate is known, over
// restarts, too. A receiver that is out of reach is tried again with back-off; what it has missed
// for too long is given up, and summed up for it once it is back.
//
// Every notification gets exactly one outcome. Where a newer notification says all that a waiting
// one does (the same alerts), the newer takes its place and its outcome counts for both.
//
// Receivers of type "alertmanager" group, repeat and silence by themselves: groups_itself(). They
// are told of every alert at once, and hear of it every minute while it lasts.
//
// Threads: all methods from any thread. on_outcome is called on a receiver's thread, without a lock
// held; it may call send(), but neither configure() nor flush_and_stop().

#include "common/base/clock.hpp"
#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "supervisor/alerts/alert.hpp"
#include "supervisor/alerts/outbox.hpp"
#include "supervisor/alerts/transport.hpp"
#include "supervisor/state/notification_metrics.hpp"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

using Receivers = std::map<std::string, config::AlertReceiver>;  // by name

struct DeliveryOutcome {
  enum class Kind {
    Delivered,  // the receiver has accepted it
    GaveUp,     // it could not be reached for too long; it will hear of it in a summary
    Dropped,    // it refused it, its queue was full, or the receiver is not configured any more
  };
  std::string receiver;
  std::string notification;  // its id
  Kind kind = Kind::Delivered;
  WallTime at{};
  std::string reason;  // for people, without secrets; empty if delivered
};

// What a test message has come to.
struct TestReport {
  std::string receiver;
  std::string type;
  bool ok = false;
  std::string sent;      // the request, without secrets
  std::string answered;  // the answer, or why there was none
};

// Whether a receiver is to hear of an alert, by its min_severity, rules, programs and
// send_resolved.
bool wants(const config::AlertReceiver& receiver, const Alert& alert);

// Whether cooldown and grouping are left to the receiver.
bool groups_itself(const config::AlertReceiver& receiver);

class ReceiverThread;

class Delivery {
 public:
  using OnOutcome = std::function<void(const DeliveryOutcome&)>;

  // Takes up what the outbox still holds. `outbox`, `transport`, `clock` and `log` must outlive it.
  Delivery(const Receivers& receivers, Outbox& outbox, const TransportParts& transport,
           const Clock& clock, const log::Logger& log, OnOutcome on_outcome);
  ~Delivery();  // stops at once; what is undelivered stays in the outbox
  Delivery(const Delivery&) = delete;

  // Durable once it returns, if the outbox can be written. Does not wait for the network.
  void send(Notification notification);

  // After a reload. Lifts suspensions. What waits for a receiver that is gone is dropped. Waits for
  // attempts of receivers that are gone or changed, up to their timeout.
  void configure(const Receivers& receivers);

  // Of all alerts that `firing` does not name, receivers that are told every minute are not told
  // any more. For the start, when the rules know what they have restored.
  void retain(const std::vector<AlertKey>& firing);

  // Whether a notification, of an earlier life perhaps, still waits for its outcome.
  bool holds(const std::string& receiver, const std::string& notification) const;

  // Sends a test message to one receiver, or to all, past their queues, and waits for the answers.
  // Nothing if there is no such receiver.
  std::vector<TestReport> test(const std::optional<std::string>& receiver);

  std::vector<NotificationMetrics> metrics() const;

  // Tries until the deadline to get out what is due, then ends the threads. The rest stays in the
  // outbox. send() then only writes there.
  void flush_and_stop(MonoTime deadline);

 private:
  std::shared_ptr<ReceiverThread> make_thread(const std::string& name,
                                              const config::AlertReceiver& receiver);
  std::vector<std::shared_ptr<ReceiverThread>> threads() const;

  Outbox& outbox_;
  const TransportParts& transport_;
  const Clock& clock_;
  const log::Logger& log_;
  const OnOutcome on_outcome_;

  mutable std::mutex mutex_;
  Receivers receivers_;
  std::map<std::string, std::shared_ptr<ReceiverThread>> threads_;
  bool stopped_ = false;
};

}  // namespace holdfast::supervisor::alerts
