// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/delivery.hpp"

#include "common/base/id.hpp"
#include "common/base/version.hpp"
#include "common/os/host_name.hpp"
#include "common/text/glob.hpp"
#include "supervisor/alerts/notification_json.hpp"
#include "supervisor/alerts/receiver_thread.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace holdfast::supervisor::alerts {

namespace {

bool matches_any(const std::vector<std::string>& patterns, const std::string& name) {
  return patterns.empty() ||
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return text::glob_match(pattern, name); });
}

Severity least_severity(const config::AlertReceiver& receiver) {
  if (receiver.min_severity == "critical") return Severity::Critical;
  return receiver.min_severity == "warning" ? Severity::Warning : Severity::Info;
}

DeliveryOutcome::Kind kind_of(QueueOutcome::Kind kind) {
  switch (kind) {
    case QueueOutcome::Kind::Delivered: return DeliveryOutcome::Kind::Delivered;
    case QueueOutcome::Kind::GaveUp: return DeliveryOutcome::Kind::GaveUp;
    case QueueOutcome::Kind::Dropped: break;
  }
  return DeliveryOutcome::Kind::Dropped;
}

Notification test_notification(const std::string& receiver, WallTime now) {
  Alert alert;
  alert.id = make_uuid();
  alert.key = {"HoldfastTest", {}};
  alert.severity = Severity::Info;
  alert.summary = "This is a test: alerts of this stack arrive here.";
  alert.description = "Nothing is wrong. Somebody has run `holdfast alert test`.";
  alert.starts_at = alert.last_event_at = now;
  alert.count = 1;
  Notification notification;
  notification.id = alert.id + "-firing-1";
  notification.receiver = receiver;
  notification.severity = alert.severity;
  notification.group = "HoldfastTest";
  notification.test = true;
  notification.host = host_name();
  notification.version = kVersion;
  notification.made_at = now;
  notification.alerts.push_back(std::move(alert));
  return notification;
}

TestReport report_of(const std::string& name, const ReceiverThread& receiver, WallTime now) {
  const ReceiverKind& kind = *find_receiver_kind(receiver.receiver().type);
  const Attempted attempted = receiver.try_now(test_notification(name, now));
  const Verdict verdict = kind.judge(attempted.answer, now);
  return {name, kind.type, verdict.kind == Verdict::Kind::Delivered,
          show_request(attempted.request), verdict.detail};
}

}  // namespace

bool wants(const config::AlertReceiver& receiver, const Alert& alert) {
  if (alert.severity < least_severity(receiver)) return false;
  if (alert.status == AlertStatus::Resolved && !receiver.send_resolved) return false;
  // What is about no program in particular is of interest to whoever watches all of them.
  return matches_any(receiver.rules, alert.key.name) &&
         matches_any(receiver.programs, alert.program);
}

bool groups_itself(const config::AlertReceiver& receiver) {
  const ReceiverKind* const kind = find_receiver_kind(receiver.type);
  return kind != nullptr && kind->keeps_state;
}

Delivery::Delivery(const Receivers& receivers, Outbox& outbox, const TransportParts& transport,
                   const Clock& clock, const log::Logger& log, OnOutcome on_outcome)
    : outbox_(outbox),
      transport_(transport),
      clock_(clock),
      log_(log),
      on_outcome_(std::move(on_outcome)) {
  configure(receivers);
}

Delivery::~Delivery() {
  flush_and_stop(clock_.mono());
}

std::shared_ptr<ReceiverThread> Delivery::make_thread(const std::string& name,
                                                      const config::AlertReceiver& receiver) {
  if (find_receiver_kind(receiver.type) == nullptr) return nullptr;
  const auto tell = [this, name](const QueueOutcome& outcome) {
    if (on_outcome_) {
      on_outcome_(
          {name, outcome.notification, kind_of(outcome.kind), clock_.wall(), outcome.reason});
    }
  };
  return std::make_shared<ReceiverThread>(
      name, receiver, ReceiverThread::Parts{outbox_, transport_, clock_, log_, tell});
}

void Delivery::configure(const Receivers& receivers) {
  std::vector<std::shared_ptr<ReceiverThread>> gone;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    std::erase_if(threads_, [&](const auto& entry) {
      const auto now = receivers.find(entry.first);
      if (now != receivers.end() && now->second == entry.second->receiver()) return false;
      gone.push_back(entry.second);
      return true;
    });
  }
  // A changed receiver is made anew below, from the outbox.
  for (const auto& thread : gone)
    thread->stop();
  std::vector<std::pair<std::string, std::string>> forgotten;  // receiver and notification
  {
    const std::lock_guard lock(mutex_);
    receivers_ = receivers;
    for (const auto& [name, receiver] : receivers) {
      if (const auto known = threads_.find(name); known != threads_.end()) {
        known->second->reloaded();
      } else if (auto thread = make_thread(name, receiver)) {
        threads_.emplace(name, std::move(thread));
      }
    }
    for (const std::string& name : outbox_.receivers()) {
      if (threads_.contains(name)) continue;
      for (const std::string& id : outbox_.forget(name))
        forgotten.emplace_back(name, id);
    }
  }
  for (const auto& [receiver, id] : forgotten) {
    if (!on_outcome_) break;
    on_outcome_({receiver, id, DeliveryOutcome::Kind::Dropped, clock_.wall(),
                 "the receiver is not configured any more"});
  }
}

void Delivery::send(Notification notification) {
  std::shared_ptr<ReceiverThread> thread;
  {
    const std::lock_guard lock(mutex_);
    const auto found = threads_.find(notification.receiver);
    if (found != threads_.end()) thread = found->second;
  }
  if (thread) return thread->send(std::move(notification));
  if (on_outcome_) {
    on_outcome_({notification.receiver, notification.id, DeliveryOutcome::Kind::Dropped,
                 clock_.wall(), "there is no such receiver"});
  }
}

void Delivery::retain(const std::vector<AlertKey>& firing) {
  for (const auto& thread : threads())
    thread->retain(firing);
}

bool Delivery::holds(const std::string& receiver, const std::string& notification) const {
  std::shared_ptr<ReceiverThread> thread;
  {
    const std::lock_guard lock(mutex_);
    const auto found = threads_.find(receiver);
    if (found != threads_.end()) thread = found->second;
  }
  return thread && thread->holds(notification);
}

std::vector<std::shared_ptr<ReceiverThread>> Delivery::threads() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<ReceiverThread>> all;
  for (const auto& [name, thread] : threads_)
    all.push_back(thread);
  return all;
}

std::vector<TestReport> Delivery::test(const std::optional<std::string>& receiver) {
  std::map<std::string, std::shared_ptr<ReceiverThread>> chosen;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, thread] : threads_) {
      if (!receiver || *receiver == name) chosen.emplace(name, thread);
    }
  }
  std::vector<TestReport> reports(chosen.size());
  {
    std::vector<std::jthread> attempts;
    std::size_t place = 0;
    for (const auto& [name, thread] : chosen) {
      attempts.emplace_back([&report = reports[place++], name = name, thread = thread,
                             now = clock_.wall()] { report = report_of(name, *thread, now); });
    }
  }
  return reports;
}

std::vector<NotificationMetrics> Delivery::metrics() const {
  std::vector<NotificationMetrics> all;
  for (const auto& thread : threads())
    all.push_back(thread->metrics());
  return all;
}

void Delivery::flush_and_stop(MonoTime deadline) {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(stopped_, true)) return;
  }
  const auto all = threads();
  constexpr Duration kGlance = std::chrono::milliseconds(5);
  const auto idle = [&] {
    return std::all_of(all.begin(), all.end(), [](const auto& one) { return one->is_idle(); });
  };
  while (clock_.mono() < deadline && !idle())
    std::this_thread::sleep_for(kGlance);
  // All at once: each may have an attempt to break off.
  std::vector<std::jthread> stopping;
  for (const auto& thread : all)
    stopping.emplace_back([&thread] { thread->stop(); });
}

}  // namespace holdfast::supervisor::alerts
