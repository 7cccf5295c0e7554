// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/notifier.hpp"

#include "supervisor/alerts/saved_alert.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;

namespace {

struct Desk {
  Moment now{MonoTime{} + 10h, from_unix_ms(1'800'000'000'000)};
  Notifier notifier{settings(), {{"ops", [](const Alert&) { return true; }, false}}};
  std::vector<Finding> findings;

  static NotifierSettings settings() {
    NotifierSettings settings{config::Alerts{}};
    settings.group_wait = 5s;
    settings.cooldown = [](const AlertKey&) { return Duration(15min); };
    settings.host = "host-1";
    return settings;
  }
  void fire(const std::string& target = "api-worker", std::uint64_t count = 1,
            Severity severity = Severity::Warning,
            const std::string& name = "HoldfastWorkerCrashed") {
    Finding finding;
    finding.alert.key = {name, target};
    finding.alert.program = target.substr(0, target.find('.'));
    finding.alert.severity = severity;
    finding.alert.count = count;
    finding.alert.starts_at = finding.alert.last_event_at = now.wall;
    std::erase_if(findings, [&](const Finding& one) { return one.alert.key == finding.alert.key; });
    findings.push_back(finding);
  }
  std::vector<Notification> step(Duration time = 0s) {
    now.mono += time;
    now.wall += std::chrono::duration_cast<WallTime::duration>(time);
    return notifier.update(findings, now);
  }
  void deliver(const std::vector<Notification>& messages, bool delivered = true) {
    for (const Notification& message : messages)
      notifier.outcome({message.receiver, message.id, delivered}, now);
  }
  // The message that follows after the group's wait; it is delivered.
  Notification told() {
    CHECK(step().empty());
    auto messages = step(5s);
    REQUIRE(messages.size() == 1);
    deliver(messages);
    return messages.front();
  }
  std::uint64_t withheld(const std::string& reason) const {
    const auto found = notifier.withheld().find(reason);
    return found == notifier.withheld().end() ? 0 : found->second;
  }
};

}  // namespace

TEST_CASE("an alert is told after the group's wait, with others of its name and program") {
  Desk desk;
  desk.fire("api-worker.0");
  CHECK(desk.step().empty());
  desk.fire("api-worker.1");
  desk.fire("queue-worker.0");
  CHECK(desk.step(4s).empty());
  const auto first = desk.step(1s);
  REQUIRE(first.size() == 1);
  CHECK(first[0].alerts.size() == 2);
  CHECK(first[0].group == "HoldfastWorkerCrashed/api-worker");
  CHECK(first[0].host == "host-1");
  CHECK(first[0].status == AlertStatus::Firing);
  const auto second = desk.step(4s);
  REQUIRE(second.size() == 1);
  CHECK(second[0].group == "HoldfastWorkerCrashed/queue-worker");
  CHECK(second[0].id != first[0].id);
}

TEST_CASE("a message names ten alerts, and how many more there are") {
  Desk desk;
  for (int i = 0; i < 13; ++i)
    desk.fire("api-worker." + std::to_string(i));
  const Notification message = desk.told();
  CHECK(message.alerts.size() == 10);
  CHECK(message.more == 3);
  CHECK(desk.step(10min).empty());  // all thirteen have been told
}

TEST_CASE("the cooldown begins with the delivery, and what happens in it is counted") {
  Desk desk;
  desk.fire();
  desk.step();
  const auto messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(desk.step(10min).empty());  // under way
  desk.deliver(messages);
  desk.fire("api-worker", 7);
  CHECK(desk.step(15min - 1ns).empty());
  CHECK(desk.withheld("cooldown") == 6);
  const auto wait = desk.step(1ns);
  CHECK(wait.empty());
  const auto again = desk.step(5s);
  REQUIRE(again.size() == 1);
  CHECK(again[0].still_firing);
  CHECK(again[0].alerts[0].suppressed == 6);
  desk.deliver(again);
  CHECK(desk.step(4h - 1s).empty());
  desk.step(1s);
  CHECK(desk.step(5s).size() == 1);
}

TEST_CASE("resolved follows once, at the end of the cooldown") {
  Desk desk;
  desk.fire();
  desk.told();
  desk.findings.clear();
  CHECK(desk.step(15min - 1ns).empty());
  desk.step(1ns);
  const auto messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].status == AlertStatus::Resolved);
  CHECK(messages[0].alerts[0].ends_at);
  desk.deliver(messages);
  CHECK(desk.step(24h).empty());
  CHECK(desk.notifier.episodes().empty());
  REQUIRE(desk.notifier.history().size() == 1);
}

TEST_CASE("one that comes back within its cooldown is the same one, and nothing is resolved") {
  Desk desk;
  desk.fire();
  const std::string id = desk.told().alerts[0].id;
  desk.findings.clear();
  desk.step(1min);
  desk.fire();
  desk.step(1min);
  CHECK(desk.notifier.episodes().begin()->second.alert.id == id);
  CHECK(desk.step(13min).empty());
  const auto messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].still_firing);
}

TEST_CASE("what is over before anybody was told is not told of") {
  Desk desk;
  desk.fire();
  desk.step();
  desk.findings.clear();
  CHECK(desk.step(5s).empty());
  CHECK(desk.step(1h).empty());
}

TEST_CASE("what occurred while the receiver was out of reach is told once it is over") {
  Desk desk;
  desk.fire();
  desk.step();
  const auto lost = desk.step(5s);
  REQUIRE(lost.size() == 1);
  desk.findings.clear();
  desk.step(31s);
  const auto messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].status == AlertStatus::Resolved);
  CHECK(messages[0].note == "occurred and is over; it could not be delivered in time");
  desk.deliver(messages);
  desk.deliver(lost, false);  // its outcome counts no more
  CHECK(desk.step(24h).empty());
}

TEST_CASE("a message that could not be delivered is made anew, and starts no cooldown") {
  Desk desk;
  desk.fire();
  desk.step();
  auto messages = desk.step(5s);
  desk.deliver(messages, false);
  CHECK(desk.step(59s).empty());
  desk.step(1s);
  messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK_FALSE(messages[0].still_firing);
  CHECK(messages[0].status == AlertStatus::Firing);
}

TEST_CASE("a higher severity breaks the cooldown once") {
  Desk desk;
  desk.fire("api-worker", 1, Severity::Info);
  desk.told();
  desk.fire("api-worker", 1, Severity::Warning);
  CHECK(desk.told().severity == Severity::Warning);
  desk.fire("api-worker", 1, Severity::Critical);
  CHECK(desk.step(10min).empty());
}

TEST_CASE("what is inhibited or silenced is not told, and counted") {
  Desk desk;
  desk.fire();
  desk.findings[0].inhibited = "crash_loop";
  CHECK(desk.step(1min).empty());
  CHECK(desk.withheld("inhibited") == 1);
  desk.findings[0].inhibited.clear();
  desk.notifier.silence({"HoldfastWorker*", "api-worker", desk.now.wall + 2h, desk.now.wall});
  desk.fire("api-worker", 4);
  CHECK(desk.step(1min).empty());
  CHECK(desk.step(1h).empty());
  CHECK(desk.withheld("silenced") == 3);
  // It has an end.
  desk.step(1h);
  CHECK(desk.step(5s).size() == 1);
  CHECK(desk.notifier.silences().all().empty());
}

TEST_CASE("a silence is of one target, or of all, until it is ended") {
  Desk desk;
  desk.notifier.silence({"HoldfastWorkerCrashed", "queue-worker", desk.now.wall + 2h, {}});
  desk.fire();
  CHECK(desk.told().group == "HoldfastWorkerCrashed/api-worker");
  desk.fire("queue-worker");
  CHECK(desk.step(1min).empty());
  CHECK(desk.notifier.unsilence("HoldfastWorkerCrashed", "api-worker") == 0);
  CHECK(desk.notifier.unsilence("HoldfastWorkerCrashed", "") == 1);
  CHECK(desk.told().group == "HoldfastWorkerCrashed/queue-worker");
}

TEST_CASE("what was told is told of its end, silenced or not") {
  Desk desk;
  desk.fire();
  desk.told();
  desk.notifier.silence({"*", "", desk.now.wall + 24h, {}});
  desk.findings.clear();
  desk.step(15min);
  const auto messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].status == AlertStatus::Resolved);
}

TEST_CASE("receivers are independent of each other, and hear what they want") {
  Desk desk;
  desk.notifier.configure(
      Desk::settings(),
      {{"all", [](const Alert&) { return true; }, false},
       {"pager", [](const Alert& alert) { return alert.severity == Severity::Critical; }, false}});
  desk.fire();
  desk.step();
  auto messages = desk.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].receiver == "all");
  desk.deliver(messages);
  desk.fire("api-worker", 1, Severity::Critical);
  desk.step();
  messages = desk.step(5s);
  REQUIRE(messages.size() == 2);  // for one it is a higher severity, for the other it is new
}

TEST_CASE("a receiver that groups by itself hears of each alert at once, without a cooldown") {
  Desk desk;
  desk.notifier.configure(Desk::settings(), {{"am", [](const Alert&) { return true; }, true}});
  desk.fire("api-worker.0");
  desk.fire("api-worker.1");
  auto messages = desk.step();
  REQUIRE(messages.size() == 2);
  desk.deliver(messages);
  CHECK(desk.step(1h).empty());  // it is the delivery that repeats
  desk.findings.pop_back();
  messages = desk.step();
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].status == AlertStatus::Resolved);
}

TEST_CASE("a restart neither repeats nor forgets") {
  Desk desk;
  desk.fire();
  const std::string id = desk.told().alerts[0].id;
  const std::string saved = save(desk.notifier.episodes().begin()->second, desk.now);

  Desk next;
  next.now = desk.now;
  next.now.mono += 5000h;  // of another boot
  next.now.wall += 1min;
  auto episode = load_episode(saved, next.now);
  REQUIRE(episode);
  next.notifier.restore({{episode->alert.key, *episode}}, {}, {}, 7);
  next.fire();
  CHECK(next.step(13min).empty());  // still in the cooldown
  CHECK(next.notifier.episodes().begin()->second.alert.id == id);
  next.findings.clear();
  next.step(1min);
  const auto messages = next.step(5s);
  REQUIRE(messages.size() == 1);
  CHECK(messages[0].status == AlertStatus::Resolved);
  CHECK(messages[0].alerts[0].id == id);
}

TEST_CASE("a message that was under way at the end is waited for, if the outbox still has it") {
  for (const bool kept : {true, false}) {
    Desk desk;
    desk.fire();
    desk.step();
    const auto sent = desk.step(5s);
    REQUIRE(sent.size() == 1);
    const std::string saved = save(desk.notifier.episodes().begin()->second, desk.now);
    Desk next;
    next.now = desk.now;
    auto episode = load_episode(saved, next.now);
    REQUIRE(episode);
    next.notifier.restore({{episode->alert.key, *episode}}, {}, {}, 1);
    next.notifier.forget_lost([&](const std::string&, const std::string& id) {
      CHECK(id == sent[0].id);
      return kept;
    });
    next.fire();
    next.step();
    CHECK(next.step(5s).size() == (kept ? 0 : 1));
  }
}

TEST_CASE("nobody is told while alerts are off, and the shutdown waits for no group") {
  Desk desk;
  NotifierSettings off = Desk::settings();
  off.enabled = false;
  const std::vector<Route> routes{{"ops", [](const Alert&) { return true; }, false}};
  desk.notifier.configure(off, routes);
  desk.fire();
  CHECK(desk.step(1min).empty());
  CHECK(desk.withheld("disabled") == 1);
  desk.notifier.configure(Desk::settings(), routes);
  CHECK(desk.notifier.flush(desk.findings, desk.now).size() == 1);
}
