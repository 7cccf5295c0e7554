// SPDX-License-Identifier: Apache-2.0
// Property: whatever a receiver does, and however often the supervisor is restarted, each
// notification has exactly one outcome; none that was delivered or given up is sent again; and the
// queue is empty a while after the receiver is well again.
#include "supervisor/alerts/message_queue.hpp"
#include "supervisor/alerts/state_queue.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/delivery/samples.hpp"

#include <map>
#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;

namespace {

class World {
 public:
  World(std::uint64_t seed, bool keeps_state) : random_(seed), keeps_state_(keeps_state) {
    queue_ = make();
  }

  void live(int steps) {
    for (int i = 0; i < steps; ++i)
      step();
    well_ = true;
    for (int i = 0; i < 400 && open_.size() + queue_->length() > 0; ++i)
      turn();
    settle();
  }

  std::set<std::string> open_;           // without an outcome
  std::map<std::string, int> outcomes_;  // by notification
  std::map<std::string, int> accepted_;  // by the id that the receiver saw
  int pushed_ = 0;
  std::size_t longest_ = 0;

  bool is_empty() const { return queue_->length() == 0 && stored_.empty(); }

 private:
  std::unique_ptr<Queue> make() const {
    if (keeps_state_) return std::make_unique<StateQueue>("ops");
    return std::make_unique<MessageQueue>("ops");
  }
  int pick(int count) { return std::uniform_int_distribution<int>(0, count - 1)(random_); }

  void step() {
    switch (pick(10)) {
      case 0:
      case 1:
      case 2: return push();
      case 3: well_ = pick(3) != 0; return;
      case 4:
        if (pick(10) == 0) restart();
        return;
      case 5: clock_.advance(std::chrono::seconds(pick(400))); return;
      default: return turn();
    }
  }

  void push() {
    const std::string name = "N" + std::to_string(pick(keeps_state_ ? 8 : 150));
    const auto status = pick(2) == 0 ? AlertStatus::Firing : AlertStatus::Resolved;
    Notification notification = samples::notification(name, ++pushed_, status);
    if (pick(4) == 0) notification.alerts.push_back(samples::alert("N" + std::to_string(pick(8))));
    open_.insert(notification.id);
    queue_->push(std::move(notification), clock_.now);
    settle();
  }

  // To the next moment at which something is tried.
  void turn() {
    const auto at = queue_->wake_at(clock_.now);
    if (!at) return;
    clock_.advance(std::max(*at - clock_.now.mono, Duration::zero()));
    const auto attempt = queue_->next(clock_.now);
    REQUIRE(attempt);
    if (pick(20) == 0) {
      queue_->abandoned();
      return settle();
    }
    const Verdict verdict = answer();
    if (verdict.kind == Verdict::Kind::Delivered) ++accepted_[attempt->notification.id];
    queue_->finished(verdict, clock_.now, std::uniform_real_distribution<double>(0, 1)(random_));
    settle();
  }

  Verdict answer() {
    if (well_) return samples::delivered();
    switch (pick(6)) {
      case 0: return samples::limited(std::chrono::seconds(pick(1000)));
      case 1: return samples::limited(std::nullopt);
      case 2: return samples::rejected();
      case 3: return samples::suspended();
      default: return samples::retry();
    }
  }

  // What was not yet written down is as good as never accepted: all is, here, at each settle().
  void restart() {
    queue_ = make();
    std::vector<StoredEntry> entries;
    for (const auto& [number, entry] : stored_)
      entries.push_back(entry);
    queue_->restore(entries, clock_.now);
  }

  void settle() {
    for (const QueueOutcome& outcome : queue_->take_outcomes()) {
      ++outcomes_[outcome.notification];
      open_.erase(outcome.notification);
    }
    const QueueChanges changes = queue_->take_changes();
    for (const std::int64_t number : changes.erased)
      stored_.erase(number);
    for (const StoredEntry& entry : changes.put)
      stored_[entry.number] = entry;
    longest_ = std::max(longest_, queue_->length());
    for (const std::string& id : open_)
      REQUIRE(queue_->holds(id));
  }

  std::mt19937_64 random_;
  const bool keeps_state_;
  samples::Clocks clock_;
  std::unique_ptr<Queue> queue_;
  std::map<std::int64_t, StoredEntry> stored_;
  bool well_ = true;
};

}  // namespace

TEST_CASE("messages: one outcome each, nothing lost, nothing twice") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    World world(seed, false);
    world.live(600);
    CHECK(world.open_.empty());
    CHECK(world.is_empty());
    CHECK(world.longest_ <= kMostQueued + 1);
    for (const auto& [id, count] : world.outcomes_)
      CHECK(count == 1);
    for (const auto& [id, count] : world.accepted_)
      CHECK(count == 1);
  }
}

TEST_CASE("states: one outcome each, nothing lost") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    World world(seed, true);
    world.live(600);
    CHECK(world.open_.empty());
    for (const auto& [id, count] : world.outcomes_)
      CHECK(count == 1);
  }
}
