// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/message_queue.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

constexpr std::size_t kMostInSummary = 10;

bool has_alert(const Notification& notification, const AlertKey& key) {
  return std::any_of(notification.alerts.begin(), notification.alerts.end(),
                     [&](const Alert& alert) { return alert.key == key; });
}

void take_status_of_alerts(Notification& notification) {
  if (notification.alerts.empty()) return;
  notification.status = AlertStatus::Resolved;
  notification.severity = Severity::Info;
  for (const Alert& alert : notification.alerts) {
    if (alert.status == AlertStatus::Firing) notification.status = AlertStatus::Firing;
    notification.severity = std::max(notification.severity, alert.severity);
  }
}

std::string note_of_summary(std::uint64_t count, WallTime since) {
  return fmt::format("This receiver could not be reached: {} from {} on {} not delivered.",
                     count == 1 ? "1 message" : fmt::format("{} messages", count),
                     format_rfc3339(since), count == 1 ? "was" : "were");
}

constexpr const char* kRecovered = "It occurred and recovered before a message could be delivered.";

}  // namespace

MessageQueue::Entry* MessageQueue::find(std::int64_t number) {
  const auto found = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    return entry.stored.number == number;
  });
  return found == entries_.end() ? nullptr : &*found;
}

bool MessageQueue::holds(const std::string& notification) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const Entry& entry) {
    const auto& ids = entry.stored.ids;
    return std::find(ids.begin(), ids.end(), notification) != ids.end();
  });
}

bool MessageQueue::is_in_flight(const Entry& entry) const {
  return in_flight_ == entry.stored.number;
}

void MessageQueue::restore(std::vector<StoredEntry> entries, const Now& now) {
  for (StoredEntry& stored : entries) {
    last_number_ = std::max(last_number_, stored.number);
    // A clock that was set back makes nothing younger than now.
    const Duration age = std::max(Duration::zero(), Duration(now.wall - stored.since));
    entries_.push_back({std::move(stored), now.mono - age, {}, 0, ++last_turn_, false});
  }
}

bool MessageQueue::supersede(Entry& older, Entry& newer) {
  auto& alerts = older.stored.notification.alerts;
  if (alerts.empty()) return false;  // a note alone
  bool recovered = false;
  const auto before = alerts.size();
  std::erase_if(alerts, [&](const Alert& alert) {
    if (!has_alert(newer.stored.notification, alert.key)) return false;
    recovered |= alert.status == AlertStatus::Firing;
    return true;
  });
  if (alerts.size() == before) return false;
  Notification& by = newer.stored.notification;
  if (recovered && by.status == AlertStatus::Resolved && by.note.empty()) by.note = kRecovered;
  // A summary still has to say that messages are missing.
  if (!alerts.empty() || older.stored.notification.more > 0 || older.is_summary()) {
    take_status_of_alerts(older.stored.notification);
    put(older.stored);
    return false;
  }
  auto& ids = newer.stored.ids;
  ids.insert(ids.begin(), older.stored.ids.begin(), older.stored.ids.end());
  newer.stored.since = std::min(newer.stored.since, older.stored.since);
  newer.since = std::min(newer.since, older.since);
  return true;
}

void MessageQueue::push(Notification notification, const Now& now) {
  Entry entry;
  entry.stored.number = ++last_number_;
  entry.stored.ids = {notification.id};
  entry.stored.since = now.wall;
  entry.stored.notification = std::move(notification);
  entry.since = now.mono;
  entry.turn = ++last_turn_;
  for (auto older = entries_.begin(); older != entries_.end();) {
    if (is_in_flight(*older) || !supersede(*older, entry)) {
      ++older;
      continue;
    }
    erase(older->stored.number);
    older = entries_.erase(older);
  }
  put(entry.stored);
  entries_.push_back(std::move(entry));
  make_room();
}

void MessageQueue::make_room() {
  const auto may_go = [&](const Entry& entry) {
    return !entry.is_summary() && !is_in_flight(entry);
  };
  while (entries_.size() > kMostQueued) {
    auto victim = std::find_if(entries_.begin(), entries_.end(), [&](const Entry& entry) {
      return may_go(entry) && entry.stored.notification.status == AlertStatus::Resolved;
    });
    if (victim == entries_.end()) victim = std::find_if(entries_.begin(), entries_.end(), may_go);
    if (victim == entries_.end()) return;
    drop(victim, fmt::format("more than {} messages wait", kMostQueued));
  }
}

void MessageQueue::drop(Entries::iterator entry, const std::string& reason) {
  for (const std::string& id : entry->stored.ids)
    outcomes_.push_back({id, QueueOutcome::Kind::Dropped, reason, {}});
  erase(entry->stored.number);
  entries_.erase(entry);
}

std::optional<QueueAttempt> MessageQueue::next(const Now& now) {
  if (in_flight_ || entries_.empty() || gate_.opens_at(now.mono) > now.mono) return std::nullopt;
  Entry* best = nullptr;
  for (Entry& entry : entries_) {
    if (entry.not_before > now.mono) continue;
    if (best == nullptr || entry.turn < best->turn) best = &entry;
  }
  if (best == nullptr) return std::nullopt;
  gate_.attempted(now.mono);
  in_flight_ = best->stored.number;
  return QueueAttempt{best->stored.notification, best->minimal};
}

std::optional<MonoTime> MessageQueue::wake_at(const Now& now) const {
  if (in_flight_ || entries_.empty()) return std::nullopt;
  const auto first =
      std::min_element(entries_.begin(), entries_.end(),
                       [](const Entry& a, const Entry& b) { return a.not_before < b.not_before; });
  return std::max(first->not_before, gate_.opens_at(now.mono));
}

void MessageQueue::finish(std::int64_t number, QueueOutcome::Kind kind, const std::string& reason) {
  const auto entry = std::find_if(entries_.begin(), entries_.end(),
                                  [&](const Entry& one) { return one.stored.number == number; });
  if (entry == entries_.end()) return;
  for (const std::string& id : entry->stored.ids)
    outcomes_.push_back({id, kind, reason, entry->stored.notification.made_at});
  erase(number);
  entries_.erase(entry);
}

// What was pushed during the attempt could not be compared with it.
void MessageQueue::supersede_by_newer(std::int64_t number) {
  Entry* const older = find(number);
  if (older == nullptr) return;
  for (Entry& newer : entries_) {
    if (newer.stored.number <= number) continue;
    if (!supersede(*older, newer)) continue;
    put(newer.stored);
    erase(number);
    std::erase_if(entries_, [&](const Entry& entry) { return entry.stored.number == number; });
    return;
  }
}

void MessageQueue::finished(const Verdict& verdict, const Now& now, double random) {
  if (!in_flight_) return;
  const std::int64_t number = *std::exchange(in_flight_, std::nullopt);
  tell_gate(gate_, verdict, now, random);
  Entry* const entry = find(number);
  if (entry == nullptr) return;
  if (verdict.kind == Verdict::Kind::Delivered)
    return finish(number, QueueOutcome::Kind::Delivered, {});
  if (verdict.kind == Verdict::Kind::Rejected) {
    if (entry->minimal) return finish(number, QueueOutcome::Kind::Dropped, verdict.detail);
    entry->minimal = true;
  } else {
    entry->turn = ++last_turn_;
    ++entry->attempts;
    if (verdict.kind == Verdict::Kind::Retry)
      entry->not_before = now.mono + full_jitter(entry->attempts, random);
  }
  supersede_by_newer(number);
  if (verdict.kind != Verdict::Kind::Rejected) give_up_old_ones(verdict, now);
}

void MessageQueue::give_up_old_ones(const Verdict& verdict, const Now& now) {
  std::vector<StoredEntry> given_up;
  for (auto entry = entries_.begin(); entry != entries_.end();) {
    if (entry->is_summary() || now.mono - entry->since < kGiveUpAfter) {
      ++entry;
      continue;
    }
    for (const std::string& id : entry->stored.ids)
      outcomes_.push_back({id, QueueOutcome::Kind::GaveUp, verdict.detail, {}});
    erase(entry->stored.number);
    given_up.push_back(std::move(entry->stored));
    entry = entries_.erase(entry);
  }
  for (StoredEntry& one : given_up)
    add_to_summary(std::move(one), now);
}

void MessageQueue::add_to_summary(StoredEntry given_up, const Now& now) {
  auto summary = std::find_if(entries_.begin(), entries_.end(),
                              [](const Entry& entry) { return entry.is_summary(); });
  if (summary == entries_.end()) {
    Entry entry;
    entry.stored.number = ++last_number_;
    entry.stored.since = given_up.since;
    Notification& notification = entry.stored.notification;
    notification.receiver = receiver_;
    notification.group = "holdfast/undelivered";
    notification.host = given_up.notification.host;
    notification.version = given_up.notification.version;
    notification.made_at = now.wall;
    // The number alone may come again once the outbox has been empty at a start.
    notification.id =
        fmt::format("{}-summary-{}-{}", receiver_, to_unix_ms(now.wall), entry.stored.number);
    entry.stored.ids = {notification.id};
    entry.since = now.mono;
    entry.turn = ++last_turn_;
    summary = entries_.insert(entries_.end(), std::move(entry));
  }
  StoredEntry& stored = summary->stored;
  stored.since = std::min(stored.since, given_up.since);
  stored.given_up += given_up.ids.size();
  Notification& notification = stored.notification;
  for (Alert& alert : given_up.notification.alerts) {
    std::erase_if(notification.alerts, [&](const Alert& old) { return old.key == alert.key; });
    notification.alerts.push_back(std::move(alert));
  }
  notification.more += given_up.notification.more;
  while (notification.alerts.size() > kMostInSummary) {
    notification.alerts.erase(notification.alerts.begin());
    ++notification.more;
  }
  take_status_of_alerts(notification);
  notification.note = note_of_summary(stored.given_up, stored.since);
  put(stored);
}

}  // namespace holdfast::supervisor::alerts
