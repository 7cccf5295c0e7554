// SPDX-License-Identifier: Apache-2.0
// MessageQueue: what waits, what is tried, and what becomes of it.
#include "supervisor/alerts/message_queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/delivery/samples.hpp"

#include <map>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;
using Kind = QueueOutcome::Kind;

namespace {

// A queue with its clocks, its outcomes and what its outbox would hold.
struct Bench {
  samples::Clocks clock;
  std::unique_ptr<MessageQueue> queue = std::make_unique<MessageQueue>("ops");
  std::vector<QueueOutcome> outcomes;
  std::map<std::int64_t, StoredEntry> stored;

  void settle() {
    for (QueueOutcome& outcome : queue->take_outcomes())
      outcomes.push_back(std::move(outcome));
    const QueueChanges changes = queue->take_changes();
    for (const std::int64_t number : changes.erased)
      stored.erase(number);
    for (const StoredEntry& entry : changes.put)
      stored[entry.number] = entry;
  }
  void push(Notification notification) {
    queue->push(std::move(notification), clock.now);
    settle();
  }
  // The id of what is tried next, once the queue wants to; "" if it never does.
  std::string try_next(const Verdict& verdict) {
    const auto at = queue->wake_at(clock.now);
    if (!at) return "";
    clock.advance(std::max(*at - clock.now.mono, Duration::zero()));
    const auto attempt = queue->next(clock.now);
    if (!attempt) return "";
    queue->finished(verdict, clock.now, 1);
    settle();
    return attempt->notification.id;
  }
  void restart() {
    queue = std::make_unique<MessageQueue>("ops");
    std::vector<StoredEntry> entries;
    for (const auto& [number, entry] : stored)
      entries.push_back(entry);
    queue->restore(entries, clock.now);
  }
  std::vector<std::string> ids(Kind kind) const {
    std::vector<std::string> result;
    for (const QueueOutcome& outcome : outcomes) {
      if (outcome.kind == kind) result.push_back(outcome.notification);
    }
    return result;
  }
};

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("what is delivered leaves the queue and the outbox") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  CHECK(bench.stored.size() == 1);
  CHECK(bench.queue->holds("A-1"));
  CHECK(bench.try_next(samples::delivered()) == "A-1");
  CHECK(bench.ids(Kind::Delivered) == Ids{"A-1"});
  CHECK(bench.stored.empty());
  CHECK_FALSE(bench.queue->holds("A-1"));
  CHECK_FALSE(bench.queue->wake_at(bench.clock.now));
}

TEST_CASE("there is one attempt at a time") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("B", 1));
  REQUIRE(bench.queue->next(bench.clock.now));
  CHECK_FALSE(bench.queue->next(bench.clock.now));
  CHECK_FALSE(bench.queue->wake_at(bench.clock.now));
}

TEST_CASE("the newest state of an alert takes the place of one that waits, and its outcome") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("A", 2, AlertStatus::Resolved));
  CHECK(bench.queue->length() == 1);
  CHECK(bench.stored.size() == 1);
  CHECK(bench.stored.begin()->second.notification.note ==
        "It occurred and recovered before a message could be delivered.");
  CHECK(bench.try_next(samples::delivered()) == "A-2");
  CHECK(bench.ids(Kind::Delivered) == Ids{"A-1", "A-2"});
}

TEST_CASE("of several alerts only those that are newer elsewhere leave a message") {
  Bench bench;
  Notification both = samples::notification("A", 1);
  both.alerts.push_back(samples::alert("B"));
  bench.push(both);
  bench.push(samples::notification("A", 2, AlertStatus::Resolved));
  REQUIRE(bench.queue->length() == 2);
  REQUIRE(bench.stored.begin()->second.notification.alerts.size() == 1);
  CHECK(bench.stored.begin()->second.notification.alerts[0].key.name == "B");
}

TEST_CASE("what comes during an attempt that fails takes its place") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  REQUIRE(bench.queue->next(bench.clock.now));
  bench.push(samples::notification("A", 2));
  bench.queue->finished(samples::retry(), bench.clock.now, 1);
  bench.settle();
  CHECK(bench.queue->length() == 1);
  CHECK(bench.try_next(samples::delivered()) == "A-2");
  CHECK(bench.ids(Kind::Delivered) == Ids{"A-1", "A-2"});
}

TEST_CASE("what comes during an attempt that succeeds is a message of its own") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  REQUIRE(bench.queue->next(bench.clock.now));
  bench.push(samples::notification("A", 2, AlertStatus::Resolved));
  bench.queue->finished(samples::delivered(), bench.clock.now, 1);
  bench.settle();
  CHECK(bench.try_next(samples::delivered()) == "A-2");
  CHECK(bench.ids(Kind::Delivered) == Ids{"A-1", "A-2"});
}

TEST_CASE("a full queue drops the oldest resolved one first, then the oldest") {
  Bench bench;
  bench.push(samples::notification("first", 1));
  bench.push(samples::notification("over", 1, AlertStatus::Resolved));
  for (int i = 0; i < 98; ++i)
    bench.push(samples::notification("N" + std::to_string(i), 1));
  CHECK(bench.outcomes.empty());
  bench.push(samples::notification("one-more", 1));
  CHECK(bench.ids(Kind::Dropped) == Ids{"over-1"});
  bench.push(samples::notification("and-one", 1));
  CHECK(bench.ids(Kind::Dropped) == Ids{"over-1", "first-1"});
  CHECK(bench.queue->length() == 100);
  CHECK(bench.stored.size() == 100);
}

TEST_CASE("a failed message goes behind the others") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("B", 1));
  CHECK(bench.try_next(samples::retry()) == "A-1");
  CHECK(bench.try_next(samples::delivered()) == "B-1");
  CHECK(bench.try_next(samples::delivered()) == "A-1");
}

TEST_CASE("a refused message is tried once more in its plainest form, then dropped") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  auto attempt = bench.queue->next(bench.clock.now);
  REQUIRE(attempt);
  CHECK_FALSE(attempt->minimal);
  bench.queue->finished(samples::rejected(), bench.clock.now, 1);
  attempt = bench.queue->next(bench.clock.now);
  REQUIRE(attempt);
  CHECK(attempt->minimal);
  bench.queue->finished(samples::rejected(), bench.clock.now, 1);
  bench.settle();
  CHECK(bench.ids(Kind::Dropped) == Ids{"A-1"});
  CHECK(bench.outcomes[0].reason == "HTTP 400");
  CHECK(bench.stored.empty());
}

TEST_CASE("a 429 pauses the whole receiver, and newer states go on replacing older ones") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("B", 1));
  CHECK(bench.try_next(samples::limited(2min)) == "A-1");
  CHECK(bench.queue->wake_at(bench.clock.now) == bench.clock.now.mono + 2min);
  bench.push(samples::notification("A", 2));
  CHECK(bench.queue->length() == 2);
  CHECK_FALSE(bench.queue->next(bench.clock.now));
  CHECK(bench.try_next(samples::delivered()) == "B-1");
  CHECK(bench.try_next(samples::delivered()) == "A-2");
}

TEST_CASE("a suspended receiver keeps what waits, until an hour is over or the file is read") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  CHECK(bench.try_next(samples::suspended()) == "A-1");
  CHECK(bench.queue->wake_at(bench.clock.now) == bench.clock.now.mono + 1h);
  bench.queue->reloaded();
  CHECK(bench.queue->next(bench.clock.now));
}

TEST_CASE("what cannot be delivered for a quarter of an hour is summed up once it can") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("B", 1));
  const MonoTime begin = bench.clock.now.mono;
  while (bench.ids(Kind::GaveUp).size() < 2)
    REQUIRE_FALSE(bench.try_next(samples::retry("network")).empty());
  CHECK(bench.clock.now.mono - begin >= 15min);
  CHECK(bench.clock.now.mono - begin < 17min);
  REQUIRE(bench.stored.size() == 1);
  // While it lasts, the summary is what is tried, and grows.
  for (int i = 0; i < 40; ++i)
    CHECK(bench.try_next(samples::retry("network")).starts_with("ops-summary-"));
  CHECK(bench.stored.size() == 1);
  const Notification summary = bench.stored.begin()->second.notification;
  CHECK(summary.note ==
        "This receiver could not be reached: 2 messages from 2026-11-23T11:42:43.482Z on were not "
        "delivered.");
  CHECK(summary.alerts.size() == 2);
  CHECK(bench.try_next(samples::delivered()).starts_with("ops-summary-"));
  CHECK(bench.stored.empty());
  CHECK(bench.queue->length() == 0);
}

TEST_CASE("a summary holds the newest state, ten alerts, and the number of the others") {
  Bench bench;
  for (int i = 0; i < 12; ++i)
    bench.push(samples::notification("N" + std::to_string(i), 1));
  while (bench.ids(Kind::GaveUp).size() < 12)
    bench.try_next(samples::retry());
  REQUIRE(bench.stored.size() == 1);
  CHECK(bench.stored.begin()->second.notification.alerts.size() == 10);
  CHECK(bench.stored.begin()->second.notification.more == 2);
  bench.push(samples::notification("N11", 2, AlertStatus::Resolved));
  CHECK(bench.queue->length() == 2);
  CHECK(bench.stored.begin()->second.notification.alerts.size() == 9);
}

TEST_CASE("the outbox brings everything back, with its age") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("A", 2));
  bench.clock.advance(20min);
  bench.restart();
  CHECK(bench.queue->holds("A-1"));
  CHECK(bench.queue->holds("A-2"));
  CHECK(bench.try_next(samples::retry()) == "A-2");
  CHECK(bench.ids(Kind::GaveUp) == Ids{"A-1", "A-2"});
  bench.restart();
  CHECK(bench.try_next(samples::delivered()).starts_with("ops-summary-"));
}

TEST_CASE("an attempt that was broken off is made again") {
  Bench bench;
  bench.push(samples::notification("A", 1));
  REQUIRE(bench.queue->next(bench.clock.now));
  bench.queue->abandoned();
  CHECK(bench.queue->next(bench.clock.now));
}
