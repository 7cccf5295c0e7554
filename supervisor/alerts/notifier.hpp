// SPDX-License-Identifier: Apache-2.0
#pragma once

// Notifier: when a receiver is to hear of an alert. Pure: no clock, no I/O.
//
// For each alert and receiver: inactive -> firing -> resolved, with these rules.
//
// - Alerts of one name and program that come within `group_wait` are one message.
// - The cooldown of an alert begins when its message was delivered, not when it was sent: what
//   nobody has received silences nothing. Until it is over there is no message about the alert;
//   what happens is counted. Then, if it still fires, one message says so, and from then on one
//   each `repeat_interval`; if it is over, it is resolved.
// - `resolved` follows once, and only if a message that it fires was delivered. It waits for
//   the end of the cooldown: an alert that comes back before that is the same one.
// - An alert that is over before anybody was told is not told of, unless the receiver was out of
//   reach meanwhile: then one message says that it occurred and is over.
// - A higher severity breaks the cooldown, once.
// - A receiver that groups by itself is told of each alert at once, with no cooldown.
//
// At most one message about an alert is under way to a receiver; its outcome decides what follows.
//
// Threads: one owner (the alert thread).

#include "supervisor/alerts/moment.hpp"
#include "supervisor/alerts/rules.hpp"
#include "supervisor/alerts/silences.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace holdfast::supervisor::alerts {

// One receiver, as far as the notifier is concerned.
struct Route {
  std::string receiver;
  std::function<bool(const Alert&)> wants;
  bool groups_itself = false;
};

// What the notifier needs of the configuration, which alone has the defaults.
struct NotifierSettings {
  explicit NotifierSettings(const config::Alerts& alerts)
      : enabled(alerts.enabled),
        group_wait(alerts.group_wait),
        repeat_interval(alerts.repeat_interval),
        keep_history(alerts.keep_history),
        cooldown([usual = alerts.cooldown](const AlertKey&) { return usual; }) {}

  bool enabled;
  Duration group_wait;
  Duration repeat_interval;
  Duration keep_history;
  std::function<Duration(const AlertKey&)> cooldown;
  std::string host;
  std::string version;
};

// What has become of a notification.
struct Outcome {
  std::string receiver;
  std::string notification;
  bool delivered = false;
};

// What one receiver knows of one alert.
struct Told {
  enum class Last { Nothing, Firing, Resolved };
  enum class Sent { Nothing, Firing, Still, Resolved, Recovered };
  Last last = Last::Nothing;
  Severity severity = Severity::Info;  // of the last message that it fires
  MonoTime fired_at{};                 // when that was delivered
  bool repeated = false;               // its first repetition is over
  bool escalated = false;              // the severity has broken the cooldown
  std::uint64_t count = 0;             // events that it knows of

  Sent sent = Sent::Nothing;  // what is under way
  std::string notification;   // its id
  MonoTime sent_at{};
  Severity sent_severity = Severity::Info;
  std::uint64_t sent_count = 0;

  bool missed = false;  // a message that it fires could not be delivered
  std::optional<MonoTime> retry_at;
};

// One alert, from when it first fires until nobody has to hear of it any more.
struct AlertEpisode {
  Alert alert;
  bool firing = false;
  std::string inhibited;             // why nobody hears of it; empty: they do
  std::uint64_t seen = 0;            // events in the rules' own count
  std::map<std::string, Told> told;  // by receiver
};

class Notifier {
 public:
  explicit Notifier(NotifierSettings settings, std::vector<Route> routes = {});
  void configure(NotifierSettings settings, std::vector<Route> routes);

  // Takes all that fires now; returns the messages that are to be sent.
  std::vector<Notification> update(const std::vector<Finding>& findings, const Moment& now);
  // The same without waiting for more of the same kind: for the shutdown.
  std::vector<Notification> flush(const std::vector<Finding>& findings, const Moment& now);
  void outcome(const Outcome& outcome, const Moment& now);

  void silence(Silence silence) { silences_.add(std::move(silence)); }
  std::size_t unsilence(const std::string& name, const std::string& target) {
    return silences_.remove(name, target);
  }
  const Silences& silences() const { return silences_; }

  const std::map<AlertKey, AlertEpisode>& episodes() const { return episodes_; }
  const std::vector<Alert>& history() const { return history_; }  // resolved; oldest first
  // Events that no message told of, by reason: "cooldown", "inhibited", "silenced", "disabled".
  const std::map<std::string, std::uint64_t>& withheld() const { return withheld_; }

  // For the store: the state, and a number that grows with each change that must not be lost.
  std::uint64_t revision() const { return revision_; }
  std::uint64_t sequence() const { return sequence_; }
  void restore(std::map<AlertKey, AlertEpisode> episodes, Silences silences,
               std::vector<Alert> history, std::uint64_t sequence);
  std::vector<Alert> firing() const;
  // Messages that were under way when the supervisor ended and that the outbox does not hold:
  // they are made anew. `is_kept(receiver, notification)`.
  void forget_lost(const std::function<bool(const std::string&, const std::string&)>& is_kept);

 private:
  using Group = std::tuple<std::string, std::string, std::string>;  // receiver, name, program
  struct Item {
    AlertEpisode* episode;
    Told* told;
    Told::Sent what;
  };

  void take(const std::vector<Finding>& findings, const Moment& now);
  void begin(AlertEpisode& episode, const Finding& finding, const Moment& now);
  void end(AlertEpisode& episode, const Moment& now);
  void count_withheld(const AlertEpisode& episode, std::uint64_t number, const Moment& now);
  bool is_told_of(const AlertEpisode& episode) const;
  Told::Sent due(const AlertEpisode& episode, Told& told, const Route& route, const Moment& now);
  Told::Sent due_firing(const AlertEpisode& episode, const Told& told, const Route& route,
                        const Moment& now) const;
  std::vector<Notification> collect(const Moment& now, bool wait);
  Notification make(const std::string& receiver, std::vector<Item>& items, const Moment& now);
  void prune(const Moment& now);

  NotifierSettings settings_;
  std::vector<Route> routes_;
  std::map<AlertKey, AlertEpisode> episodes_;
  std::map<Group, MonoTime> waiting_;  // since when a group has something to say
  Silences silences_;
  std::vector<Alert> history_;
  std::map<std::string, std::uint64_t> withheld_;
  std::uint64_t sequence_ = 0;
  std::uint64_t revision_ = 0;
};

}  // namespace holdfast::supervisor::alerts
