// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/state_queue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace holdfast::supervisor::alerts {

bool StateQueue::is_pending(const std::string& id) const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [&](const Pending& pending) { return pending.id == id; });
}

// Whoever waits for an outcome of the former state gets that of the new one.
void StateQueue::track(const Notification& notification, const Alert& alert, const Now& now) {
  Tracked& tracked = tracked_[alert.key];
  StoredEntry& stored = tracked.stored;
  if (stored.number != 0) erase(stored.number);
  stored.number = ++last_number_;
  stored.since = now.wall;
  std::erase_if(stored.ids, [&](const std::string& id) { return !is_pending(id); });
  stored.ids.push_back(notification.id);
  stored.notification = notification;
  stored.notification.alerts.assign(1, alert);
  tracked.forget_at.reset();
  if (alert.status == AlertStatus::Resolved) tracked.forget_at = now.mono + kRepeatResolved;
  put(stored);
}

void StateQueue::restore(std::vector<StoredEntry> entries, const Now& now) {
  for (StoredEntry& stored : entries) {
    last_number_ = std::max(last_number_, stored.number);
    const Duration age = std::max(Duration::zero(), Duration(now.wall - stored.since));
    for (const std::string& id : stored.ids) {
      if (!is_pending(id))
        pending_.push_back({id, stored.notification.made_at, now.mono - age, false});
    }
    const std::vector<Alert> alerts = stored.notification.alerts;
    for (const Alert& alert : alerts) {
      Tracked& tracked = tracked_[alert.key];
      tracked.stored = stored;
      if (alert.status == AlertStatus::Resolved)
        tracked.forget_at = now.mono + std::max(Duration::zero(), kRepeatResolved - age);
    }
  }
}

void StateQueue::push(Notification notification, const Now& now) {
  pending_.push_back({notification.id, notification.made_at, now.mono, false});
  const std::vector<Alert> alerts = std::exchange(notification.alerts, {});
  for (const Alert& alert : alerts)
    track(notification, alert, now);
  told_at_.reset();
  make_room();
  drop_orphans(alerts.empty() ? "it is about no alert" : "too many alerts");
}

bool StateQueue::holds(const std::string& notification) const {
  return is_pending(notification);
}

void StateQueue::drop_orphans(const std::string& reason) {
  std::set<std::string> kept;
  for (const auto& [key, tracked] : tracked_)
    kept.insert(tracked.stored.ids.begin(), tracked.stored.ids.end());
  std::erase_if(pending_, [&](const Pending& pending) {
    if (kept.contains(pending.id)) return false;
    outcomes_.push_back({pending.id, QueueOutcome::Kind::Dropped, reason, {}});
    return true;
  });
}

void StateQueue::make_room() {
  const auto older = [](const auto& a, const auto& b) {
    return std::pair(!a.second.forget_at, a.second.stored.number) <
           std::pair(!b.second.forget_at, b.second.stored.number);
  };
  while (tracked_.size() > kMostTracked) {
    const auto victim = std::min_element(tracked_.begin(), tracked_.end(), older);
    erase(victim->second.stored.number);
    tracked_.erase(victim);
  }
}

std::optional<MonoTime> StateQueue::wake_at(const Now& now) const {
  if (in_flight_ || (tracked_.empty() && pending_.empty())) return std::nullopt;
  const MonoTime due = told_at_ ? *told_at_ + kRepeatFiring : MonoTime{};
  return std::max(due, gate_.opens_at(now.mono));
}

std::optional<QueueAttempt> StateQueue::next(const Now& now) {
  const auto due = wake_at(now);
  if (!due || *due > now.mono) return std::nullopt;
  gate_.attempted(now.mono);
  in_flight_ = true;
  told_at_ = now.mono;  // what is pushed meanwhile is news
  QueueAttempt attempt;
  attempt.minimal = minimal_;
  Notification& notification = attempt.notification;
  notification.receiver = receiver_;
  notification.group = "holdfast/state";
  notification.status = AlertStatus::Resolved;
  notification.severity = Severity::Info;
  notification.made_at = now.wall;
  notification.id = fmt::format("{}-{}", receiver_, to_unix_ms(now.wall));
  for (const auto& [key, tracked] : tracked_) {
    const Notification& kept = tracked.stored.notification;
    notification.alerts.push_back(kept.alerts.front());
    notification.host = kept.host;
    notification.version = kept.version;
    if (kept.alerts.front().status == AlertStatus::Firing)
      notification.status = AlertStatus::Firing;
    notification.severity = std::max(notification.severity, kept.alerts.front().severity);
  }
  for (Pending& pending : pending_)
    pending.in_flight = true;
  return attempt;
}

void StateQueue::abandoned() {
  in_flight_ = false;
  told_at_.reset();
  for (Pending& pending : pending_)
    pending.in_flight = false;
}

void StateQueue::give_up_old_ones(const Verdict& verdict, const Now& now) {
  std::erase_if(pending_, [&](const Pending& pending) {
    if (now.mono - pending.since < kGiveUpAfter) return false;
    outcomes_.push_back({pending.id, QueueOutcome::Kind::GaveUp, verdict.detail, {}});
    return true;
  });
  forget_told();
}

void StateQueue::forget_told() {
  for (auto& [key, tracked] : tracked_) {
    const auto told =
        std::erase_if(tracked.stored.ids, [&](const std::string& id) { return !is_pending(id); });
    if (told > 0) put(tracked.stored);
  }
}

void StateQueue::finished(const Verdict& verdict, const Now& now, double random) {
  if (!in_flight_) return;
  in_flight_ = false;
  tell_gate(gate_, verdict, now, random);
  const bool delivered = verdict.kind == Verdict::Kind::Delivered;
  const bool refused = verdict.kind == Verdict::Kind::Rejected && minimal_;
  minimal_ = verdict.kind == Verdict::Kind::Rejected && !minimal_;
  if (!delivered && !refused) {
    told_at_.reset();
    for (Pending& pending : pending_)
      pending.in_flight = false;
    return give_up_old_ones(verdict, now);
  }
  std::erase_if(pending_, [&](const Pending& pending) {
    if (!pending.in_flight) return false;
    outcomes_.push_back({pending.id,
                         delivered ? QueueOutcome::Kind::Delivered : QueueOutcome::Kind::Dropped,
                         delivered ? std::string() : verdict.detail, pending.made_at});
    return true;
  });
  forget_told();
  for (auto tracked = tracked_.begin(); tracked != tracked_.end();) {
    if (tracked->second.forget_at && *tracked->second.forget_at <= now.mono && delivered) {
      erase(tracked->second.stored.number);
      tracked = tracked_.erase(tracked);
    } else {
      ++tracked;
    }
  }
}

void StateQueue::retain(const std::vector<AlertKey>& firing) {
  std::erase_if(tracked_, [&](const auto& entry) {
    const bool known = std::find(firing.begin(), firing.end(), entry.first) != firing.end();
    if (known || entry.second.forget_at) return false;
    erase(entry.second.stored.number);
    return true;
  });
  drop_orphans("the rules know nothing of it any more");
}

}  // namespace holdfast::supervisor::alerts
