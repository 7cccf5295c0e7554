// SPDX-License-Identifier: Apache-2.0
#include "common/os/signal_mask.hpp"

#include "tests/support/catch.hpp"

#include <thread>

using namespace holdfast;

namespace {

bool is_blocked(int signal) {
  sigset_t now;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
  return ::sigismember(&now, signal) == 1;
}

}  // namespace

TEST_CASE("signals are blocked for the lifetime of the object, and the former mask comes back") {
  std::thread([] {
    sigset_t hup;
    ::sigemptyset(&hup);
    ::sigaddset(&hup, SIGHUP);
    ::pthread_sigmask(SIG_SETMASK, &hup, nullptr);
    {
      const SignalsBlocked blocked;
      CHECK(is_blocked(SIGTERM));
      CHECK(is_blocked(SIGCHLD));
      bool inherited = false;
      std::thread([&] { inherited = is_blocked(SIGTERM); }).join();
      CHECK(inherited);
    }
    CHECK_FALSE(is_blocked(SIGTERM));
    CHECK(is_blocked(SIGHUP));
  }).join();
}

TEST_CASE("a thread can block all signals for good") {
  bool before = true;
  bool after = false;
  std::thread([&] {
    before = is_blocked(SIGUSR1);
    block_all_signals();
    after = is_blocked(SIGUSR1);
  }).join();
  CHECK_FALSE(before);
  CHECK(after);
}
