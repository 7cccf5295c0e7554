// SPDX-License-Identifier: Apache-2.0
// With a store whose reads may wait for a network, the queue worker's loop never waits for one.

#include "tests/unit/queue/world.hpp"

using namespace holdfast;
using namespace holdfast::queue;
using namespace holdfast::test;

TEST_CASE("no read of a server's store runs on the loop of the queue worker") {
  World world;
  world.options.limits.lease = 20ms;  // so that upkeep has its rounds
  world.options.limits.keep_done = 0ms;
  world.post("first");
  world.provider.instead = [](int call, auto) -> std::optional<Result<Vectors>> {
    if (call == 1) return Result<Vectors>(fail(ErrorKind::Unavailable, "not now"));
    return std::nullopt;
  };
  world.store->pose_as_server(std::this_thread::get_id());
  world.start();
  REQUIRE(world.run_until_ended(2));
  world.post("second");
  REQUIRE(world.run_until_ended(3));
  REQUIRE(world.run_until([&] { return world.seen.pruned >= 1; }));
  bool drained = false;
  world.loop->drain([&] { drained = true; });
  REQUIRE(world.run_until([&] { return drained; }));
  CHECK(world.store->reads_on_loop() == 0);
  CHECK(world.store->reads_elsewhere() > 0);
}

TEST_CASE("a peek of an embedded store stays on the loop, the counting of jobs does not") {
  World world;
  StoreReads reads(world.io, *world.store);
  const auto here = std::this_thread::get_id();
  const auto where = [](store::Store&) { return std::this_thread::get_id(); };
  std::optional<std::thread::id> bounded, off_loop;
  reads.bounded(where, [&](std::thread::id id) { bounded = id; });
  CHECK(bounded == here);
  reads.off_loop(where, [&](std::thread::id id) {
    off_loop = id;
    CHECK(std::this_thread::get_id() == here);
  });
  REQUIRE(world.run_until([&] { return off_loop.has_value(); }));
  CHECK(off_loop != here);
}

TEST_CASE("a job that comes while a peek is on its way is not missed") {
  World world;
  world.options.limits.poll = 1h;
  const Fd bell(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC));
  world.store->pose_as_server(std::this_thread::get_id());
  world.start(Fd(::fcntl(bell.get(), F_DUPFD_CLOEXEC, 0)));
  for (std::size_t i = 1; i <= 20; ++i) {
    world.post("rung for");
    ::eventfd_write(bell.get(), 1);
    REQUIRE(world.run_until_ended(i));
  }
}
