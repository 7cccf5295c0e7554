// SPDX-License-Identifier: Apache-2.0
// The limiter against a model that remembers every admission: random clients, bursts, pauses and
// waits of exactly the time that a refusal named, in simulated time.
#include "tests/unit/rate_limit/support.hpp"

#include <algorithm>
#include <deque>
#include <map>
#include <random>

using namespace holdfast;
using namespace holdfast::rate_limit;
using namespace holdfast::rate_limit::test;

namespace {

class Model {
 public:
  explicit Model(const Policy& policy) : policy_(policy) {}

  // Admissions in the `span` that ends now.
  std::uint32_t count(const std::string& key, Duration now, Duration span) const {
    const auto found = admitted_.find(key);
    if (found == admitted_.end()) return 0;
    return static_cast<std::uint32_t>(std::count_if(found->second.begin(), found->second.end(),
                                                    [&](Duration at) { return at > now - span; }));
  }

  void check(const std::string& key, Duration now, const RateDecision& decision) {
    const Duration part = part_length(policy_.window);
    const std::uint32_t exact = count(key, now, policy_.window);
    if (decision.allowed) {
      REQUIRE(exact < policy_.limit);
      REQUIRE(decision.remaining <= policy_.limit - exact - 1);
      admitted_[key].push_back(now);
    } else {
      REQUIRE(count(key, now, policy_.window + part) >= policy_.limit);
      REQUIRE(decision.remaining == 0);
    }
    REQUIRE(decision.relief > 0s);
    REQUIRE(decision.relief <= part * kMarks);
    std::deque<Duration>& times = admitted_[key];
    while (!times.empty() && times.front() < now - 2 * policy_.window)
      times.pop_front();
  }

 private:
  Policy policy_;
  std::map<std::string, std::deque<Duration>> admitted_;
};

}  // namespace

TEST_CASE("no window ever holds more than the limit, and no refusal is without reason") {
  for (unsigned seed = 1; seed <= 25; ++seed) {
    std::mt19937 random(seed);
    const auto pick = [&random](std::int64_t from, std::int64_t to) {
      return std::uniform_int_distribution<std::int64_t>(from, to)(random);
    };
    const Policy policy{"default", static_cast<std::uint32_t>(pick(1, 120)),
                        std::chrono::milliseconds(pick(1000, 120'000))};
    INFO("seed " << seed << ": " << policy.limit << " in " << policy.window.count() << " ns");
    const TestTable table;
    Model model(policy);
    const std::int64_t clients = pick(1, 6);
    Duration now = kStart + Duration(pick(0, 1'000'000'000));
    for (int step = 0; step < 20'000; ++step) {
      const std::string key = "client " + std::to_string(pick(1, clients));
      const RateDecision decision = table.take(policy, key, now);
      model.check(key, now, decision);
      const std::int64_t what = pick(0, 999);
      if (what == 0) {
        now += Duration(pick(0, 3 * policy.window.count()));
      } else if (what < 10 && !decision.allowed) {
        // Nothing happens meanwhile: the client is refused until the very moment that it was told.
        REQUIRE_FALSE(table.look(policy, key, now + decision.relief - 1ns).allowed);
        now += decision.relief;
        const RateDecision after = table.take(policy, key, now);
        REQUIRE(after.allowed);
        model.check(key, now, after);
      } else {
        now += Duration(pick(0, policy.window.count() / policy.limit));
      }
    }
  }
}

TEST_CASE("under random keys from everywhere a client at its limit stays refused for its window") {
  std::mt19937_64 random(11);
  const Policy policy{"default", 100, 1min};
  const TestTable table(16);  // 128 slots
  Duration now = kStart;
  CHECK(table.burst(policy, "heavy", now) == 100);
  for (int i = 0; i < 200'000; ++i) {
    now += 250us;  // 50 s in all
    REQUIRE(table.take(policy, std::to_string(random()), now).allowed);
    if (i % 100 == 0) REQUIRE_FALSE(table.take(policy, "heavy", now).allowed);
  }
}
