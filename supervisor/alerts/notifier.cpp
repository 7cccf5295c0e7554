// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/notifier.hpp"

#include "common/base/id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace holdfast::supervisor::alerts {

namespace {

using namespace std::chrono_literals;
using Last = Told::Last;
using Sent = Told::Sent;

constexpr std::size_t kMostAlerts = 10;  // in one message
constexpr std::size_t kMostHistory = 1000;
// After a message that could not be delivered: the delivery has tried for long enough by itself.
constexpr Duration kRetry = 1min;
// A message that is under way for longer has found its receiver out of reach.
constexpr Duration kSlow = 30s;

bool says_firing(Sent sent) {
  return sent == Sent::Firing || sent == Sent::Still;
}

}  // namespace

Notifier::Notifier(NotifierSettings settings, std::vector<Route> routes)
    : settings_(std::move(settings)), routes_(std::move(routes)) {}

void Notifier::configure(NotifierSettings settings, std::vector<Route> routes) {
  settings_ = std::move(settings);
  routes_ = std::move(routes);
  for (auto& [key, episode] : episodes_) {
    std::erase_if(episode.told, [&](const auto& entry) {
      return std::none_of(routes_.begin(), routes_.end(),
                          [&](const Route& route) { return route.receiver == entry.first; });
    });
  }
  ++revision_;
}

void Notifier::restore(std::map<AlertKey, AlertEpisode> episodes, Silences silences,
                       std::vector<Alert> history, std::uint64_t sequence) {
  episodes_ = std::move(episodes);
  silences_ = std::move(silences);
  history_ = std::move(history);
  sequence_ = sequence;
  // The rules count the events of a new life from zero.
  for (auto& [key, episode] : episodes_)
    episode.seen = episode.alert.count;
}

std::vector<Alert> Notifier::firing() const {
  std::vector<Alert> result;
  for (const auto& [key, episode] : episodes_) {
    if (episode.firing) result.push_back(episode.alert);
  }
  return result;
}

void Notifier::forget_lost(
    const std::function<bool(const std::string&, const std::string&)>& is_kept) {
  for (auto& [key, episode] : episodes_) {
    for (auto& [receiver, told] : episode.told) {
      if (told.sent == Sent::Nothing || is_kept(receiver, told.notification)) continue;
      told.sent = Sent::Nothing;
      told.notification.clear();
    }
  }
}

// Whether somebody has heard, or may still hear, that it fires, and not yet that it is over.
bool Notifier::is_told_of(const AlertEpisode& episode) const {
  return std::any_of(episode.told.begin(), episode.told.end(), [](const auto& entry) {
    const Told& told = entry.second;
    return told.last == Last::Firing || told.sent != Sent::Nothing || told.missed;
  });
}

void Notifier::count_withheld(const AlertEpisode& episode, std::uint64_t number,
                              const Moment& now) {
  if (number == 0) return;
  if (!settings_.enabled) {
    withheld_["disabled"] += number;
  } else if (!episode.inhibited.empty()) {
    withheld_["inhibited"] += number;
  } else if (silences_.until(episode.alert, now.wall)) {
    withheld_["silenced"] += number;
  } else if (is_told_of(episode)) {
    withheld_["cooldown"] += number;
  }
}

void Notifier::begin(AlertEpisode& episode, const Finding& finding, const Moment& now) {
  // One that comes back before it was told to be over is the same one.
  const bool goes_on = !episode.alert.id.empty() && is_told_of(episode);
  const Alert before = std::move(episode.alert);
  episode.alert = finding.alert;
  episode.alert.id = goes_on ? before.id : make_uuid();
  if (goes_on) {
    episode.alert.starts_at = before.starts_at;
    episode.alert.count += before.count;
  } else {
    for (auto& [receiver, told] : episode.told) {
      told.count = 0;
      told.escalated = told.repeated = false;
    }
  }
  episode.firing = true;
  episode.inhibited = finding.inhibited;
  episode.seen = finding.alert.count;
  if (goes_on) {
    count_withheld(episode, finding.alert.count, now);
  } else if (!finding.inhibited.empty() || !settings_.enabled ||
             silences_.until(episode.alert, now.wall)) {
    count_withheld(episode, finding.alert.count, now);
  }
  ++revision_;
}

void Notifier::end(AlertEpisode& episode, const Moment& now) {
  episode.firing = false;
  episode.alert.status = AlertStatus::Resolved;
  episode.alert.ends_at = now.wall;
  history_.push_back(episode.alert);
  history_.back().crash.reset();
  if (history_.size() > kMostHistory) history_.erase(history_.begin());
  ++revision_;
}

void Notifier::take(const std::vector<Finding>& findings, const Moment& now) {
  std::set<AlertKey> firing;
  for (const Finding& finding : findings) {
    firing.insert(finding.alert.key);
    AlertEpisode& episode = episodes_[finding.alert.key];
    if (!episode.firing) {
      begin(episode, finding, now);
      continue;
    }
    // The rules may have begun to count anew.
    const std::uint64_t count = finding.alert.count;
    const std::uint64_t more = count >= episode.seen ? count - episode.seen : count;
    episode.seen = count;
    Alert alert = finding.alert;
    alert.id = episode.alert.id;
    alert.starts_at = episode.alert.starts_at;
    alert.count = episode.alert.count + more;
    if (alert.severity != episode.alert.severity) ++revision_;
    episode.alert = std::move(alert);
    episode.inhibited = finding.inhibited;
    count_withheld(episode, more, now);
  }
  for (auto& [key, episode] : episodes_) {
    if (episode.firing && !firing.contains(key)) end(episode, now);
  }
  while (!history_.empty() &&
         history_.front().ends_at.value_or(now.wall) <
             now.wall - std::chrono::duration_cast<WallTime::duration>(settings_.keep_history)) {
    history_.erase(history_.begin());
    ++revision_;
  }
  if (silences_.expire(now.wall)) ++revision_;
}

Sent Notifier::due_firing(const AlertEpisode& episode, const Told& told, const Route& route,
                          const Moment& now) const {
  const Alert& alert = episode.alert;
  if (!episode.inhibited.empty() || !settings_.enabled) return Sent::Nothing;
  if (silences_.until(alert, now.wall) || !route.wants(alert)) return Sent::Nothing;
  if (route.groups_itself) {
    const bool is_news = told.last != Last::Firing || told.severity != alert.severity;
    return is_news ? Sent::Firing : Sent::Nothing;
  }
  const Duration cooldown = settings_.cooldown(alert.key);
  if (told.last != Last::Firing) {
    const bool never = told.last == Last::Nothing;
    return never || now.mono >= told.fired_at + cooldown ? Sent::Firing : Sent::Nothing;
  }
  if (alert.severity > told.severity && !told.escalated) return Sent::Firing;
  const Duration pause = told.repeated ? std::max(cooldown, settings_.repeat_interval) : cooldown;
  return now.mono >= told.fired_at + pause ? Sent::Still : Sent::Nothing;
}

Sent Notifier::due(const AlertEpisode& episode, Told& told, const Route& route, const Moment& now) {
  if (told.sent != Sent::Nothing) {
    // The receiver is out of reach, and has not heard of it: what it will hear is that it is over.
    const bool late = !episode.firing && told.sent == Sent::Firing && told.last != Last::Firing &&
                      now.mono - told.sent_at >= kSlow && !route.groups_itself;
    return late ? Sent::Recovered : Sent::Nothing;
  }
  if (told.retry_at && now.mono < *told.retry_at) return Sent::Nothing;
  if (episode.firing) return due_firing(episode, told, route, now);
  if (told.last != Last::Firing) return told.missed ? Sent::Recovered : Sent::Nothing;
  if (!route.wants(episode.alert)) {  // it does not want to hear of the end
    told.last = Last::Resolved;
    told.escalated = told.repeated = told.missed = false;
    ++revision_;
    return Sent::Nothing;
  }
  const Duration cooldown = route.groups_itself ? 0s : settings_.cooldown(episode.alert.key);
  return now.mono >= told.fired_at + cooldown ? Sent::Resolved : Sent::Nothing;
}

Notification Notifier::make(const std::string& receiver, std::vector<Item>& items,
                            const Moment& now) {
  std::stable_sort(items.begin(), items.end(), [](const Item& a, const Item& b) {
    if (a.episode->firing != b.episode->firing) return a.episode->firing;
    return a.episode->alert.severity > b.episode->alert.severity;
  });
  const AlertEpisode& first = *items.front().episode;
  Notification message;
  message.receiver = receiver;
  message.status = first.firing ? AlertStatus::Firing : AlertStatus::Resolved;
  message.id =
      fmt::format("{}-{}-{}", first.alert.id, first.firing ? "firing" : "resolved", ++sequence_);
  message.group = fmt::format("{}/{}", first.alert.key.name, first.alert.program);
  message.host = settings_.host;
  message.version = settings_.version;
  message.made_at = now.wall;
  message.severity = first.alert.severity;
  message.still_firing = std::all_of(items.begin(), items.end(),
                                     [](const Item& item) { return item.what == Sent::Still; });
  bool recovered = false;
  for (Item& item : items) {
    Told& told = *item.told;
    const Alert& alert = item.episode->alert;
    message.severity = std::max(message.severity, alert.severity);
    recovered = recovered || item.what == Sent::Recovered;
    if (message.alerts.size() < kMostAlerts) {
      Alert shown = alert;
      const bool anew = item.what == Sent::Firing && told.last != Last::Firing;
      shown.suppressed = anew || alert.count < told.count ? 0 : alert.count - told.count;
      message.alerts.push_back(std::move(shown));
    } else {
      ++message.more;
    }
    told.sent = item.what;
    told.notification = message.id;
    told.sent_at = now.mono;
    told.sent_severity = alert.severity;
    told.sent_count = alert.count;
    told.retry_at.reset();
  }
  if (recovered) message.note = "occurred and is over; it could not be delivered in time";
  ++revision_;
  return message;
}

std::vector<Notification> Notifier::collect(const Moment& now, bool wait) {
  std::map<Group, std::vector<Item>> groups;
  std::vector<Notification> messages;
  for (auto& [key, episode] : episodes_) {
    for (const Route& route : routes_) {
      const auto at = episode.told.find(route.receiver);
      Told fresh;
      Told& known = at == episode.told.end() ? fresh : at->second;
      const Sent what = due(episode, known, route, now);
      if (what == Sent::Nothing) continue;
      Told& told = episode.told[route.receiver];
      std::vector<Item> one{{&episode, &told, what}};
      if (route.groups_itself) {
        messages.push_back(make(route.receiver, one, now));
      } else {
        groups[{route.receiver, key.name, episode.alert.program}].push_back(one.front());
      }
    }
  }
  std::erase_if(waiting_, [&](const auto& entry) { return !groups.contains(entry.first); });
  for (auto& [group, items] : groups) {
    const MonoTime since = waiting_.try_emplace(group, now.mono).first->second;
    if (wait && now.mono < since + settings_.group_wait) continue;
    waiting_.erase(group);
    messages.push_back(make(std::get<0>(group), items, now));
  }
  return messages;
}

// Forgets what is over and told, once it can no longer come back within a cooldown.
void Notifier::prune(const Moment& now) {
  std::erase_if(episodes_, [&](const auto& entry) {
    const AlertEpisode& episode = entry.second;
    if (episode.firing || is_told_of(episode)) return false;
    const Duration cooldown = settings_.cooldown(entry.first);
    const bool forgets =
        std::all_of(episode.told.begin(), episode.told.end(), [&](const auto& told) {
          return told.second.last == Last::Nothing || now.mono >= told.second.fired_at + cooldown;
        });
    if (forgets) ++revision_;
    return forgets;
  });
}

std::vector<Notification> Notifier::update(const std::vector<Finding>& findings,
                                           const Moment& now) {
  take(findings, now);
  std::vector<Notification> messages = collect(now, true);
  prune(now);
  return messages;
}

std::vector<Notification> Notifier::flush(const std::vector<Finding>& findings, const Moment& now) {
  take(findings, now);
  return collect(now, false);
}

void Notifier::outcome(const Outcome& outcome, const Moment& now) {
  for (auto& [key, episode] : episodes_) {
    const auto at = episode.told.find(outcome.receiver);
    if (at == episode.told.end() || at->second.sent == Sent::Nothing ||
        at->second.notification != outcome.notification)
      continue;
    Told& told = at->second;
    const Sent sent = std::exchange(told.sent, Sent::Nothing);
    told.notification.clear();
    ++revision_;
    if (!outcome.delivered) {
      told.missed = told.missed || (says_firing(sent) && told.last != Last::Firing);
      told.retry_at = now.mono + kRetry;
      continue;
    }
    told.missed = false;
    told.count = told.sent_count;
    if (sent == Sent::Resolved) {
      told.last = Last::Resolved;
      told.escalated = told.repeated = false;
      continue;
    }
    told.fired_at = now.mono;
    if (sent == Sent::Recovered) {
      told.last = Last::Resolved;
      continue;
    }
    if (sent == Sent::Firing && told.last == Last::Firing) told.escalated = true;
    told.repeated = sent == Sent::Still;
    told.last = Last::Firing;
    told.severity = told.sent_severity;
  }
}

}  // namespace holdfast::supervisor::alerts
