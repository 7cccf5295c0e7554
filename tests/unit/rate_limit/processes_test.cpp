// SPDX-License-Identifier: Apache-2.0
// Many processes on one table, killed at random instructions: no count is lost but the one that the
// killed process was about to use, and nobody waits for the dead.
#include "tests/unit/rate_limit/support.hpp"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

using namespace holdfast;
using namespace holdfast::rate_limit;
using namespace holdfast::rate_limit::test;

namespace {

constexpr int kKeys = 4;
constexpr std::uint32_t kLimit = 100'000;

struct Shared {
  std::atomic<std::uint64_t> progress;
  std::array<std::atomic<std::uint32_t>, kKeys> used;
};

Shared& make_shared_counts() {
  void* const pages =
      ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(pages != MAP_FAILED);
  return *new (pages) Shared{};
}

// In a child: takes until every limit is reached.
[[noreturn]] void hammer(const Table& table, Shared& shared, unsigned seed) {
  const Policy policy{"default", kLimit, 1min};
  int refused = 0;
  for (unsigned i = seed; refused < kKeys; ++i) {
    const int key = static_cast<int>(i % kKeys);
    const bool allowed = table.decide(policy, std::to_string(key), kStart, Count::Take).allowed;
    refused = allowed ? 0 : refused + 1;
    if (allowed) ++shared.used[static_cast<std::size_t>(key)];
    ++shared.progress;
  }
  ::_exit(0);
}

pid_t start_child(const Table& table, Shared& shared, unsigned seed) {
  const pid_t pid = ::fork();  // not executed: it runs code of this program
  REQUIRE(pid >= 0);
  if (pid == 0) hammer(table, shared, seed);
  return pid;
}

// Four children use the limits up; one after the other is killed after a random number of
// decisions, and replaced, as long as there is something to decide. Returns how many were killed.
std::uint32_t kill_at_random(const Table& table, Shared& shared, std::mt19937& random) {
  std::array<pid_t, 4> children;
  unsigned seed = 0;
  for (pid_t& child : children)
    child = start_child(table, shared, seed++);

  // Near the end the children might all be done, and nobody would make progress.
  constexpr std::uint64_t kEnough = std::uint64_t{kLimit} * kKeys * 9 / 10;
  std::uint32_t kills = 0;
  while (shared.progress < kEnough) {
    const std::uint64_t next = shared.progress + 1 + random() % 200;
    while (shared.progress < std::min(next, kEnough)) {
    }
    pid_t& child = children[random() % children.size()];
    ::kill(child, SIGKILL);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    if (WIFSIGNALED(status)) ++kills;
    child = start_child(table, shared, seed++);
  }
  for (const pid_t child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFEXITED(status));
  }
  return kills;
}

}  // namespace

TEST_CASE("processes that are killed at any instruction leave the limit whole") {
  std::mt19937 random(7);
  std::uint32_t kills = 0;
  // How many fall into one round depends on who gets the processors; so, as many rounds as it
  // takes.
  for (int round = 0; kills < 50; ++round) {
    INFO("round " << round);
    REQUIRE(round < 1000);
    const TestTable table(1);
    Shared& shared = make_shared_counts();
    const std::uint32_t killed = kill_at_random(table.table(), shared, random);
    std::uint32_t lost = 0;
    for (const auto& used : shared.used) {
      CHECK(used <= kLimit);
      lost += kLimit - used;
    }
    CHECK(lost <= killed);
    kills += killed;
    ::munmap(&shared, sizeof(Shared));
  }
}

TEST_CASE("a slot that somebody died in while he moved in is taken by the next") {
  // The first word of each slot: tag, the tentative bit, total.
  const TestTable table(1);
  auto* const slots = reinterpret_cast<Slot*>(table.bytes().data() + kHeader);
  for (std::size_t i = 0; i < kWays; ++i)
    slots[i].state.store(SlotState{0x1234567 + 2 * i, true, 5}.pack());
  const Policy policy{"default", 3, 1min};
  for (int key = 0; key < 8; ++key)
    CHECK(table.burst(policy, std::to_string(key), kStart, 10) == 3);
}
