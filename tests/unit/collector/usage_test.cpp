// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/usage.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

using namespace holdfast;
using namespace holdfast::supervisor::collector;

namespace {

constexpr std::size_t kHeld = 32u << 20;

// Uses kHeld bytes until it is killed.
[[noreturn]] void hold_memory() {
  void* const memory =
      ::mmap(nullptr, kHeld, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  std::memset(memory, 1, kHeld);
  for (;;)
    ::pause();
}

}  // namespace

TEST_CASE("the memory of a worker is that of all its processes") {
  const pid_t leader = ::fork();
  REQUIRE(leader >= 0);
  if (leader == 0) {
    ::setsid();
    for (int i = 0; i < 2; ++i) {
      if (::fork() == 0) hold_memory();
    }
    for (;;)
      ::pause();
  }
  // A new cache each time: the readings of one are kept for a second.
  const SystemClock clock;
  const bool all = test::wait_until([&] {
    UsageCache usage(clock, ::getpid());
    return usage.of(leader).memory_bytes > static_cast<std::int64_t>(2 * kHeld);
  });
  ::kill(-leader, SIGKILL);
  ::waitpid(leader, nullptr, 0);
  REQUIRE(all);
}
