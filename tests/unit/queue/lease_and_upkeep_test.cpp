// SPDX-License-Identifier: Apache-2.0
// Leases, rescue and retention: what happens between workers that live and die.

#include "tests/unit/queue/world.hpp"

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

using Results = std::vector<AttemptResult>;

namespace {

// Another worker claims the only job, then is never heard of again.
void claim_and_vanish(World& world, Duration lease) {
  const auto id = world.register_worker({"queue-worker.9", 1, ""}, lease).value();
  const auto jobs = world.await<std::vector<store::Job>>([&](auto done) {
    world.store->claim({id, "default", 1, 1min}, std::move(done));
  });
  REQUIRE(jobs->size() == 1);
}

}  // namespace

TEST_CASE("a result whose job was taken over is dropped, counted, and the job is done once") {
  World world;
  world.provider.before = [&](int call) {
    if (call == 1) world.gate.pass();
  };
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until([&] { return world.gate.arrived(); }));
  // Somebody declares this worker dead: its job is waiting again, with a crash on its record.
  REQUIRE(world.register_worker(world.options.identity, 30s));
  world.gate.open();
  REQUIRE(world.run_until_ended(2));
  CHECK(world.seen.results() == Results{AttemptResult::Stale, AttemptResult::Done});
  CHECK(world.seen.workers.size() == 2);
  CHECK(world.job(created).fence == 2);
  CHECK(world.job(created).crashes == 1);
}

TEST_CASE("a worker that learns from its heartbeat that it is dead stops, and registers again") {
  World world;
  world.options.limits.lease = 60ms;
  std::atomic<bool> hold = true;
  world.provider.before = [&](int) { wait_until([&] { return !hold.load(); }); };
  world.post(text_of_batches(3));
  world.start();
  REQUIRE(world.run_until([&] { return world.provider.calls >= 1; }));
  REQUIRE(world.register_worker(world.options.identity, 30s));
  REQUIRE(world.run_until([&] { return world.seen.workers.size() == 2; }));
  hold = false;
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.ended[0].result == AttemptResult::Stale);
  CHECK(world.seen.ended[0].detail == "this worker was declared dead meanwhile");
  CHECK(world.run_until([&] { return world.stats().done == 1; }));
}

TEST_CASE("an idle worker that was swept off the books registers again when there is a job") {
  World world;
  world.start();
  REQUIRE(world.await<void>([&](auto done) {
    world.store->unregister_worker(world.seen.workers.at(0), std::move(done));
  }));
  world.post("text");
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
  CHECK(world.seen.workers.size() == 2);
  CHECK(world.seen.workers[1] > world.seen.workers[0]);
}

TEST_CASE("registering again is tried until it works") {
  World world;
  world.start();
  REQUIRE(world.await<void>([&](auto done) {
    world.store->unregister_worker(world.seen.workers.at(0), std::move(done));
  }));
  world.store->fail_next("register", ErrorKind::Unavailable);
  world.post("text");
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.troubles == std::vector<std::string>{"register"});
}

TEST_CASE("the lease is renewed while a job runs longer than it") {
  World world;
  world.options.limits.lease = 30ms;
  std::atomic<bool> hold = true;
  world.provider.before = [&](int) { wait_until([&] { return !hold.load(); }); };
  world.post("text");
  world.start();
  REQUIRE(world.run_until([&] { return world.store->calls("heartbeat") >= 6; }));
  hold = false;
  REQUIRE(world.run_until_ended(1));
}

TEST_CASE("the jobs of a worker whose lease ran out are rescued and done") {
  World world;
  const auto created = world.post("text");
  claim_and_vanish(world, 1ms);
  world.options.limits.lease = 100ms;
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.rescued == 1);
  CHECK(world.document(created).status == store::DocumentStatus::Ready);
  CHECK(world.job(created).crashes == 1);
}

TEST_CASE("a worker with a valid lease keeps its jobs") {
  World world;
  const auto created = world.post("text");
  claim_and_vanish(world, 1h);
  world.options.limits.lease = 20ms;
  world.start();
  REQUIRE(world.run_until([&] { return world.store->calls("rescue") >= 3; }));
  CHECK(world.seen.rescued == 0);
  CHECK(world.job(created).state == store::JobState::Running);
}

TEST_CASE("a rescue that fails is tried again") {
  World world;
  world.post("text");
  claim_and_vanish(world, 1ms);
  world.options.limits.lease = 100ms;
  world.store->fail_next("rescue", ErrorKind::Unavailable);
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.troubles == std::vector<std::string>{"rescue"});
}

TEST_CASE("a job that this process owns by the books but does not hold is failed, not kept") {
  World world;
  world.options.limits.lease = 30ms;
  std::atomic<int> claims = 0;
  world.store->on_claim = [&](store::ClaimRequest& request) {
    if (++claims == 1) request.timeout = 1ms;
  };
  world.store->on_claimed = [&](std::vector<store::Job>& jobs) {
    if (claims == 1) jobs.clear();  // the answer is lost on its way
  };
  const auto created = world.post("text");
  world.start();
  REQUIRE(world.run_until_ended(1));
  CHECK(world.seen.results() == Results{AttemptResult::Done});
  CHECK(world.job(created).attempt == 2);
}

TEST_CASE("finished jobs older than the retention are pruned") {
  World world;
  world.options.limits.keep_done = 0ms;
  world.options.limits.lease = 20ms;
  world.post("text");
  world.start();
  REQUIRE(world.run_until([&] { return world.seen.pruned == 1; }));
  CHECK(world.stats().done == 0);
}

TEST_CASE("finished jobs within the retention stay") {
  World world;
  world.options.limits.lease = 20ms;
  world.post("text");
  world.start();
  REQUIRE(world.run_until([&] { return world.store->calls("prune") == 1; }));
  CHECK(world.run_until([&] { return world.stats().done == 1; }));
  CHECK(world.seen.pruned == 0);
}
