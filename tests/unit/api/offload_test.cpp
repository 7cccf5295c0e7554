// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/offload.hpp"

#include "tests/support/catch.hpp"

#include <atomic>
#include <future>
#include <thread>

using namespace holdfast::api;

TEST_CASE("point work runs on the caller's thread, scans on another") {
  Offload offload(1, 8, true);
  const auto here = std::this_thread::get_id();
  std::thread::id point;
  REQUIRE(offload.run(Work::Point, [&] { point = std::this_thread::get_id(); }));
  CHECK(point == here);
  std::promise<std::thread::id> scan;
  REQUIRE(offload.run(Work::Scan, [&] { scan.set_value(std::this_thread::get_id()); }));
  CHECK(scan.get_future().get() != here);
}

TEST_CASE("a point read runs on the caller's thread only if the store's engine allows it") {
  const auto here = std::this_thread::get_id();
  for (const bool inline_reads : {true, false}) {
    Offload offload(1, 8, inline_reads);
    std::promise<std::thread::id> read;
    REQUIRE(offload.run(Work::PointRead, [&] { read.set_value(std::this_thread::get_id()); }));
    CHECK((read.get_future().get() == here) == inline_reads);
  }
}

TEST_CASE("beyond its limit of waiting work the pool refuses, and recovers") {
  Offload offload(1, 2, true);
  std::promise<void> gate;
  const std::shared_future<void> open = gate.get_future().share();
  std::atomic<int> ran{0};
  const auto wait = [&ran, open] {
    open.wait();
    ++ran;
  };
  REQUIRE(offload.run(Work::Scan, wait));
  REQUIRE(offload.run(Work::Scan, wait));
  CHECK_FALSE(offload.run(Work::Scan, wait));
  CHECK(offload.pending() == 2);
  gate.set_value();
  std::promise<void> again;
  while (!offload.run(Work::Scan, [&] { again.set_value(); }))
    std::this_thread::yield();
  again.get_future().wait();
  CHECK(ran == 2);
}

TEST_CASE("stopping finishes the work that was taken and takes no more") {
  Offload offload(2, 100, true);
  std::atomic<int> ran{0};
  for (int i = 0; i < 50; ++i)
    REQUIRE(offload.run(Work::Scan, [&] { ++ran; }));
  offload.stop();
  CHECK(ran == 50);
  CHECK_FALSE(offload.run(Work::Scan, [&] { ++ran; }));
  CHECK(ran == 50);
}
