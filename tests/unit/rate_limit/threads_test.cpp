// SPDX-License-Identifier: Apache-2.0
// Many threads, one table: exactly as many admissions as the limits allow, time standing still.
#include "tests/unit/rate_limit/support.hpp"

#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

using namespace holdfast;
using namespace holdfast::rate_limit;
using namespace holdfast::rate_limit::test;

namespace {

template <class Work>
void run_threads(int count, Work work) {
  std::vector<std::thread> threads;
  std::barrier start(count);
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
}

}  // namespace

TEST_CASE("concurrent requests of one client are admitted up to the limit, not one more or less") {
  for (const std::uint32_t limit : {1u, 100u, 5000u}) {
    const TestTable table;
    std::atomic<std::uint32_t> admitted{0};
    run_threads(8, [&](int) {
      for (int i = 0; i < 2000; ++i) {
        if (table.take({"default", limit, 1min}, "a", kStart).allowed) ++admitted;
      }
    });
    CHECK(admitted == limit);
  }
}

TEST_CASE("a client that is new to every thread at once gets one slot, not one per thread") {
  // One set; keys and movers together never need more slots than it has, so nobody is forgotten.
  constexpr int kKeys = 4;
  constexpr int kThreads = 4;
  for (int round = 0; round < 2000; ++round) {
    const TestTable table(1);
    std::array<std::atomic<int>, kKeys> admitted{};
    run_threads(kThreads, [&](int thread) {
      for (int i = 0; i < kKeys; ++i) {
        const int key = (thread + i) % kKeys;
        const Policy policy{"default", 1, 1min};
        if (table.take(policy, std::to_string(key), kStart).allowed) {
          ++admitted[static_cast<std::size_t>(key)];
        }
      }
    });
    for (const auto& count : admitted)
      REQUIRE(count == 1);
  }
}

TEST_CASE("the limit holds while clocks of different threads lie in different parts") {
  const TestTable table;
  std::atomic<std::uint32_t> admitted{0};
  run_threads(8, [&](int thread) {
    for (int i = 0; i < 500; ++i) {
      const Duration now = kStart + (thread * 500 + i) * 10ms;  // 40 s in all
      if (table.take({"default", 100, 1min}, "a", now).allowed) ++admitted;
    }
  });
  CHECK(admitted == 100);
}
