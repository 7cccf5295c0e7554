// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/kin.hpp"

#include "tests/support/launched.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

constexpr const char* kNobody = "HOLDFAST_TEST_KIN=nobody";

[[noreturn]] void sleep_for_ever() {
  for (;;)
    ::pause();
}

// A leader of its own session, with a child that has left it for one of its own.
struct Family {
  Family() {
    Pipe told;
    leader = ::fork();  // not executed: it runs code of this program
    if (leader == 0) {
      ::setsid();
      const pid_t forked = ::fork();
      if (forked == 0) {
        ::setsid();
        const pid_t own = ::getpid();
        if (::write(told.write.get(), &own, sizeof own) != sizeof own) ::_exit(1);
      }
      sleep_for_ever();
    }
    REQUIRE(::read(told.read.get(), &daemon, sizeof daemon) == sizeof daemon);
  }
  ~Family() {
    for (const pid_t pid : {leader, daemon})
      ::kill(pid, SIGKILL);
    ::waitpid(leader, nullptr, 0);
  }
  void end_leader() const {
    ::kill(leader, SIGKILL);
    ::waitpid(leader, nullptr, 0);
  }

  pid_t leader = 0;
  pid_t daemon = 0;
};

bool has(const std::vector<pid_t>& pids, pid_t pid) {
  return std::find(pids.begin(), pids.end(), pid) != pids.end();
}

}  // namespace

TEST_CASE("kin: who was seen below the root is found when its parent is gone") {
  const Family family;
  Kin kin(::getpid(), 0, kNobody);
  kin.look();
  REQUIRE(kin.size() >= 2);
  family.end_leader();
  kin.look_once_more();
  const std::vector<pid_t> left = kin.left();
  CHECK(has(left, family.daemon));
  CHECK_FALSE(has(left, family.leader));
  CHECK_FALSE(has(left, ::getpid()));
  CHECK_FALSE(has(left, ::getppid()));
}

TEST_CASE("kin: what was never seen is not ours, and what was forked since is") {
  const Family stranger;
  stranger.end_leader();
  Kin kin(::getpid(), 0, kNobody);
  const Family family;
  kin.look();
  // A grandchild that no look has seen.
  const std::vector<pid_t> left = kin.left();
  CHECK(has(left, family.leader));
  CHECK(has(left, family.daemon));
  CHECK_FALSE(has(left, stranger.daemon));
}

TEST_CASE("kin: the guardian itself is none of them") {
  const Family family;
  Kin kin(::getpid(), family.leader, kNobody);
  kin.look();
  CHECK(kin.size() == 0);
  CHECK_FALSE(has(kin.left(), family.leader));
}
