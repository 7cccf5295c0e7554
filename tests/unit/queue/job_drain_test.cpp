// SPDX-License-Identifier: Apache-2.0
// The end of a worker: what it finishes, what it gives back, and in what time.

#include "tests/unit/queue/world.hpp"

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

using Results = std::vector<AttemptResult>;

namespace {

struct Drained {
  explicit Drained(World& world) {
    world.loop->drain([this] { ++times; });
  }
  int times = 0;
};

void hold_first_job(World& world) {
  world.provider.before = [&world](int) { world.gate.pass(); };
  world.start();
  REQUIRE(world.run_until([&] { return world.gate.arrived(); }));
}

}  // namespace

TEST_CASE("an idle worker drains at once and takes its name off the books") {
  World world;
  world.start();
  const Drained drained(world);
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  CHECK(world.store->calls("unregister") == 1);
  const auto gone = world.await<std::vector<store::Job>>([&](auto done) {
    world.store->claim({world.seen.workers[0], "default", 1, 1min}, std::move(done));
  });
  REQUIRE_FALSE(gone);
  CHECK(gone.error().kind == ErrorKind::Conflict);
}

TEST_CASE("a running job is finished, the next one is left to others") {
  World world;
  const auto first = world.post("first");
  const auto second = world.post("second");
  hold_first_job(world);
  const Drained drained(world);
  world.gate.open();
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
  CHECK(world.document(first).status == store::DocumentStatus::Ready);
  CHECK(world.job(second).state == store::JobState::Ready);
  CHECK(world.job(second).attempt == 0);
}

TEST_CASE("a job told to stop is given back with its attempt, and counted") {
  World world;
  world.options.drain_budget = 0ms;
  const auto created = world.post(text_of_batches(3));
  std::atomic<bool> proceed = false;
  world.provider.before = [&](int call) {
    if (call > 1) return;
    wait_until([&] { return proceed.load(); });
  };
  world.start();
  REQUIRE(world.run_until([&] { return world.provider.calls == 1; }));
  const Drained drained(world);
  // Timers fire in the order of their times: this one after the budget's.
  boost::asio::steady_timer after_budget(world.io, 5ms);
  after_budget.async_wait([&](const boost::system::error_code&) { proceed = true; });
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  CHECK(world.seen.results() == Results{AttemptResult::Released});
  CHECK(world.seen.released == 1);
  CHECK(world.provider.calls == 1);
  CHECK(world.job(created).state == store::JobState::Ready);
  CHECK(world.job(created).attempt == 0);
}

TEST_CASE("a provider that never answers does not hold up the drain, and its result is dropped") {
  World world;
  world.options.drain_budget = 0ms;
  const auto created = world.post("text");
  hold_first_job(world);
  const Drained drained(world);
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  CHECK(world.job(created).state == store::JobState::Ready);
  CHECK(world.seen.released == 1);
  world.gate.open();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.ended[0].result == AttemptResult::Stale);
  CHECK(world.document(created).status == store::DocumentStatus::Pending);
}

TEST_CASE("jobs of a claim that was under way go back untouched") {
  World world;
  const auto created = world.post("text");
  world.start();  // the claim is on its way
  const Drained drained(world);
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  CHECK(world.seen.ended.empty());
  CHECK(world.provider.calls == 0);
  CHECK(world.job(created).state == store::JobState::Ready);
  CHECK(world.job(created).attempt == 0);
}

TEST_CASE("a drain asked for twice ends once") {
  World world;
  world.start();
  const Drained drained(world);
  const Drained again(world);
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  world.io.restart();
  world.io.poll();
  CHECK(drained.times == 1);
  CHECK(again.times == 0);
}

TEST_CASE("a store that fails at the very end does not keep the worker from leaving") {
  World world;
  world.store->fail_next("release", ErrorKind::Unavailable);
  world.store->fail_next("unregister", ErrorKind::Unavailable);
  world.start();
  const Drained drained(world);
  REQUIRE(world.run_until([&] { return drained.times > 0; }));
  CHECK(world.seen.troubles == std::vector<std::string>{"release", "unregister"});
}
