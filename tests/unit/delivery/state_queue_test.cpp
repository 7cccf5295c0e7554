// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/state_queue.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/delivery/samples.hpp"

#include <map>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;
using Kind = QueueOutcome::Kind;

namespace {

struct StateBench {
  samples::Clocks clock;
  std::unique_ptr<StateQueue> queue = std::make_unique<StateQueue>("am");
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
  // The names of the alerts that are told of next, with the time that passes until then.
  std::vector<std::string> tell(const Verdict& verdict, Duration* after = nullptr) {
    const auto at = queue->wake_at(clock.now);
    if (!at) return {};
    const Duration wait = std::max(*at - clock.now.mono, Duration::zero());
    if (after != nullptr) *after = wait;
    clock.advance(wait);
    const auto attempt = queue->next(clock.now);
    REQUIRE(attempt);
    queue->finished(verdict, clock.now, 1);
    settle();
    std::vector<std::string> names;
    for (const Alert& alert : attempt->notification.alerts) {
      names.push_back(alert.key.name + (alert.status == AlertStatus::Resolved ? " resolved" : ""));
    }
    return names;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("what fires is told at once, and again each minute") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  Duration after{};
  CHECK(bench.tell(samples::delivered(), &after) == Names{"A"});
  CHECK(after == 0s);
  REQUIRE(bench.outcomes.size() == 1);
  CHECK(bench.outcomes[0].notification == "A-1");
  for (int i = 0; i < 5; ++i) {
    CHECK(bench.tell(samples::delivered(), &after) == Names{"A"});
    CHECK(after == 1min);
  }
  CHECK(bench.outcomes.size() == 1);
  bench.push(samples::notification("B", 1));
  CHECK(bench.tell(samples::delivered(), &after) == Names{"A", "B"});
  CHECK(after == 0s);
}

TEST_CASE("what is over is told for five minutes, and then no more") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  bench.tell(samples::delivered());
  bench.push(samples::notification("A", 2, AlertStatus::Resolved));
  int told = 0;
  Duration passed{};
  for (;;) {
    Duration after{};
    const Names names = bench.tell(samples::delivered(), &after);
    if (names.empty()) break;
    passed += after;
    CHECK(names == Names{"A resolved"});
    ++told;
  }
  CHECK(told == 6);
  CHECK(passed == 5min);
  CHECK(bench.stored.empty());
}

TEST_CASE("news during an attempt goes out at once after it") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  REQUIRE(bench.queue->next(bench.clock.now));
  bench.push(samples::notification("B", 1));
  bench.queue->finished(samples::delivered(), bench.clock.now, 1);
  bench.settle();
  REQUIRE(bench.outcomes.size() == 1);
  CHECK(bench.queue->holds("B-1"));
  Duration after{};
  CHECK(bench.tell(samples::delivered(), &after) == Names{"A", "B"});
  CHECK(after == 0s);
  CHECK(bench.outcomes.size() == 2);
}

TEST_CASE("an outage is given up once, and the state arrives when it is over") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  while (bench.outcomes.empty())
    bench.tell(samples::retry("network"));
  CHECK(bench.outcomes[0].kind == Kind::GaveUp);
  for (int i = 0; i < 10; ++i)
    bench.tell(samples::retry("network"));
  CHECK(bench.tell(samples::delivered()) == Names{"A"});
  CHECK(bench.outcomes.size() == 1);
}

TEST_CASE("after a restart it goes on telling, and tells nobody of an outcome twice") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("B", 1));
  bench.tell(samples::delivered());
  bench.push(samples::notification("C", 1));
  bench.queue = std::make_unique<StateQueue>("am");
  std::vector<StoredEntry> entries;
  for (const auto& [number, entry] : bench.stored)
    entries.push_back(entry);
  bench.outcomes.clear();
  bench.queue->restore(entries, bench.clock.now);
  CHECK(bench.queue->holds("C-1"));
  CHECK_FALSE(bench.queue->holds("A-1"));
  CHECK(bench.tell(samples::delivered()) == Names{"A", "B", "C"});
  REQUIRE(bench.outcomes.size() == 1);
  CHECK(bench.outcomes[0].notification == "C-1");
}

TEST_CASE("what the rules know nothing of any more is forgotten, unless it is over") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  bench.push(samples::notification("B", 1));
  bench.push(samples::notification("C", 1, AlertStatus::Resolved));
  bench.queue->retain({samples::alert("B").key});
  bench.settle();
  CHECK(bench.tell(samples::delivered()) == Names{"B", "C resolved"});
  CHECK(bench.stored.size() == 2);
}

TEST_CASE("a refused state is told in its plainest form, then counts as dropped") {
  StateBench bench;
  bench.push(samples::notification("A", 1));
  bench.tell(samples::rejected());
  const auto attempt = bench.queue->next(bench.clock.now);
  REQUIRE(attempt);
  CHECK(attempt->minimal);
  bench.queue->finished(samples::rejected(), bench.clock.now, 1);
  bench.settle();
  REQUIRE(bench.outcomes.size() == 1);
  CHECK(bench.outcomes[0].kind == Kind::Dropped);
  Duration after{};
  CHECK(bench.tell(samples::delivered(), &after) == Names{"A"});
  CHECK(after == 1min);
}

TEST_CASE("it keeps a thousand alerts, and drops what is over before what fires") {
  StateBench bench;
  bench.push(samples::notification("first", 1));
  bench.push(samples::notification("over", 1, AlertStatus::Resolved));
  for (int i = 0; i < 999; ++i)
    bench.queue->push(samples::notification("N" + std::to_string(i), 1), bench.clock.now);
  bench.settle();
  CHECK(bench.queue->length() == 1000);
  const Names names = bench.tell(samples::delivered());
  CHECK(std::count(names.begin(), names.end(), "over resolved") == 0);
  CHECK(std::count(names.begin(), names.end(), "first") == 1);
}
