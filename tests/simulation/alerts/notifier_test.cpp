// SPDX-License-Identifier: Apache-2.0
// The notifier in virtual time, over random alerts, outages of receivers and restarts of the
// supervisor. Held against what the receivers have seen:
//
// - after a message that an alert fires, no other message about it for the cooldown, but for one
//   rise in its severity;
// - `resolved` only after a message that it fires, once, and never within its cooldown;
// - what goes on firing is known to every receiver that is in reach for long enough;
// - when all is over, every receiver knows it, and hears nothing more.
#include "supervisor/alerts/notifier.hpp"

#include "supervisor/alerts/saved_alert.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;

namespace {

constexpr Duration kCooldown = 15min;
constexpr Duration kRepeat = 4h;
constexpr Duration kGiveUp = 15min;
constexpr Duration kGroupWait = 5s;
constexpr Duration kStep = 5s;

// What a receiver has seen of one alert.
struct Seen {
  AlertStatus status = AlertStatus::Resolved;
  bool any = false;
  Severity severity = Severity::Info;
  MonoTime fired_at{};
  bool escalated = false;
  std::uint64_t messages = 0;
};

class Receiver {
 public:
  explicit Receiver(std::string name) : name_(std::move(name)) {}

  // As the outbox does: what is newer about the same alerts takes the place of what waits.
  void send(Notification message) {
    const auto keys = [](const Notification& one) {
      std::set<AlertKey> result;
      for (const Alert& alert : one.alerts)
        result.insert(alert.key);
      return result;
    };
    std::erase_if(waiting_, [&](const auto& entry) { return keys(entry.second) == keys(message); });
    waiting_.emplace_back(clock_, std::move(message));
  }
  bool is_kept(const std::string& id) const {
    return std::any_of(waiting_.begin(), waiting_.end(),
                       [&](const auto& entry) { return entry.second.id == id; });
  }
  // Attempts; returns what has become of messages.
  std::vector<Outcome> work(MonoTime now, bool in_reach) {
    clock_ = now;
    std::vector<Outcome> outcomes;
    while (!waiting_.empty()) {
      const auto& [since, message] = waiting_.front();
      if (in_reach) {
        read(message, now);
      } else if (now - since < kGiveUp) {
        break;
      }
      outcomes.push_back({name_, message.id, in_reach});
      waiting_.pop_front();
    }
    return outcomes;
  }

  const Seen& seen(const AlertKey& key) { return seen_[key]; }
  const std::string& name() const { return name_; }
  std::uint64_t messages() const { return messages_; }

 private:
  void read(const Notification& message, MonoTime now) {
    ++messages_;
    for (const Alert& alert : message.alerts) {
      Seen& seen = seen_[alert.key];
      INFO(name_ << ": " << alert.key.name << ", message " << message.id);
      const bool cooling = seen.any && now - seen.fired_at < kCooldown;
      if (alert.status == AlertStatus::Resolved) {
        const bool digest = !message.note.empty();
        if (!digest) {
          REQUIRE(seen.status == AlertStatus::Firing);
          REQUIRE_FALSE(cooling);
        } else if (seen.status == AlertStatus::Resolved) {
          seen.fired_at = now;
        }
        seen.status = AlertStatus::Resolved;
        seen.any = true;
        seen.escalated = false;
        continue;
      }
      const bool escalates =
          seen.status == AlertStatus::Firing && alert.severity > seen.severity && !seen.escalated;
      if (escalates && cooling) seen.escalated = true;
      REQUIRE((!cooling || escalates));
      seen.status = AlertStatus::Firing;
      seen.any = true;
      seen.severity = alert.severity;
      seen.fired_at = now;
    }
  }

  const std::string name_;
  MonoTime clock_{};
  std::deque<std::pair<MonoTime, Notification>> waiting_;
  std::map<AlertKey, Seen> seen_;
  std::uint64_t messages_ = 0;
};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (const char* name :
         {"HoldfastWorkerCrashed", "HoldfastErrorRateHigh", "HoldfastNotReady"}) {
      for (const char* program : {"api-worker", "queue-worker"})
        keys_.push_back({name, program});
    }
    start();
  }

  void run(Duration time, bool at_random) {
    for (const MonoTime end = now_.mono + time; now_.mono < end;) {
      now_.mono += kStep;
      now_.wall += std::chrono::duration_cast<WallTime::duration>(kStep);
      if (at_random) change();
      step();
    }
  }
  void recover() {
    for (auto& [name, reach] : in_reach_)
      reach = true;
  }
  void clear() { firing_.clear(); }

  void check_told() {
    for (Receiver& receiver : receivers_) {
      for (const AlertKey& key : keys_) {
        INFO(receiver.name() << ": " << key.name << ' ' << key.target);
        CHECK((receiver.seen(key).status == AlertStatus::Firing) == firing_.contains(key));
      }
    }
  }
  std::uint64_t messages() const {
    std::uint64_t sum = 0;
    for (const Receiver& receiver : receivers_)
      sum += receiver.messages();
    return sum;
  }
  std::size_t remembered() const { return notifier_->episodes().size(); }
  bool any_firing() const { return !firing_.empty(); }

 private:
  std::int64_t pick(std::int64_t from, std::int64_t to) {
    return std::uniform_int_distribution<std::int64_t>(from, to)(random_);
  }

  void start() {
    NotifierSettings settings{config::Alerts{}};
    settings.group_wait = kGroupWait;
    settings.cooldown = [](const AlertKey&) { return kCooldown; };
    settings.repeat_interval = kRepeat;
    std::vector<Route> routes;
    for (const Receiver& receiver : receivers_)
      routes.push_back({receiver.name(), [](const Alert&) { return true; }, false});
    notifier_.emplace(std::move(settings), std::move(routes));
  }

  // Everything is saved as it is on disk, and read by a new one after a while.
  void restart() {
    std::vector<std::string> saved;
    for (const auto& [key, episode] : notifier_->episodes())
      saved.push_back(save(episode, now_));
    const std::uint64_t sequence = notifier_->sequence();
    const Duration down = std::chrono::seconds(pick(1, 600));
    // Another boot of the machine: another monotonic clock.
    const Duration jump = std::chrono::seconds(pick(0, 1) * pick(0, 100'000));
    now_.wall += std::chrono::duration_cast<WallTime::duration>(down);
    now_.mono += down;
    start();
    const Moment other{now_.mono + jump, now_.wall};
    std::map<AlertKey, AlertEpisode> episodes;
    for (const std::string& text : saved) {
      auto episode = load_episode(text, now_);
      REQUIRE(episode);
      REQUIRE(save(*episode, now_) == save(*load_episode(text, other), other));
      episodes[episode->alert.key] = std::move(*episode);
    }
    notifier_->restore(std::move(episodes), {}, {}, sequence);
    notifier_->forget_lost([this](const std::string& receiver, const std::string& id) {
      return std::any_of(receivers_.begin(), receivers_.end(), [&](const Receiver& one) {
        return one.name() == receiver && one.is_kept(id);
      });
    });
  }

  void change() {
    const AlertKey& key = keys_[static_cast<std::size_t>(pick(0, 5))];
    const std::int64_t what = pick(0, 999);
    if (what < 8) {
      firing_.emplace(key, pick(0, 3) == 0 ? Severity::Critical : Severity::Warning);
    } else if (what < 16) {
      firing_.erase(key);
    } else if (what < 18) {
      if (const auto found = firing_.find(key); found != firing_.end())
        found->second = Severity::Critical;
    } else if (what < 22) {
      bool& reach = in_reach_[receivers_[static_cast<std::size_t>(pick(0, 1))].name()];
      reach = !reach;
    } else if (what == 22) {
      restart();
    }
  }

  void step() {
    std::vector<Finding> findings;
    for (const auto& [key, severity] : firing_) {
      Finding finding;
      finding.alert.key = key;
      finding.alert.program = key.target;
      finding.alert.severity = severity;
      finding.alert.count = 1;
      finding.alert.starts_at = finding.alert.last_event_at = now_.wall;
      findings.push_back(std::move(finding));
    }
    for (Notification& message : notifier_->update(findings, now_)) {
      const auto to = std::find_if(receivers_.begin(), receivers_.end(), [&](const Receiver& one) {
        return one.name() == message.receiver;
      });
      REQUIRE(to != receivers_.end());
      to->send(std::move(message));
    }
    for (Receiver& receiver : receivers_) {
      for (const Outcome& outcome : receiver.work(now_.mono, in_reach_[receiver.name()]))
        notifier_->outcome(outcome, now_);
    }
  }

  std::mt19937 random_;
  Moment now_{MonoTime{} + 240h, from_unix_ms(1'800'000'000'000)};
  std::vector<AlertKey> keys_;
  std::map<AlertKey, Severity> firing_;
  std::vector<Receiver> receivers_{Receiver("slack"), Receiver("pager")};
  std::map<std::string, bool> in_reach_{{"slack", true}, {"pager", true}};
  std::optional<Notifier> notifier_;
};

}  // namespace

TEST_CASE(
    "one message and one resolved for each alert and cooldown; none lost, none after the end") {
  std::uint64_t messages = 0;
  unsigned held = 0;
  for (unsigned seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    World world(seed);
    world.run(12h, true);
    world.recover();
    world.run(1h, false);
    held += world.any_firing() ? 1 : 0;
    world.check_told();
    world.clear();
    world.run(1h, false);
    world.check_told();
    const std::uint64_t before = world.messages();
    world.run(5h, false);
    CHECK(world.messages() == before);
    CHECK(world.remembered() == 0);
    messages += before;
  }
  // The test has tested something.
  CHECK(messages > 1'000);
  CHECK(held > 20);
}
