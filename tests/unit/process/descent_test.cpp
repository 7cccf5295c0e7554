// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/descent.hpp"

#include "common/net/listen.hpp"
#include "supervisor/process/reaper.hpp"
#include "tests/support/launched.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <map>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

// A connection to `path` by whoever calls it.
int connect_to(const std::string& path) {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 ? fd : -1;
}

struct Listening {
  TempDir directory;
  std::string path = directory.path() / "admin.sock";
  Fd listener = *net::listen_unix_socket(path, 0600, 16);

  Fd accept() const { return Fd(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC)); }
};

}  // namespace

TEST_CASE("a connection of this process, or of its parent, is from no descendant") {
  const Listening listening;
  const Fd own(connect_to(listening.path));
  const Fd accepted = listening.accept();
  REQUIRE(accepted);
  REQUIRE_FALSE(is_from_descendant(accepted.get()));
  REQUIRE_FALSE(may_descend_from(::getppid(), ::getpid()));
  REQUIRE(may_descend_from(::getpid(), ::getppid()));
}

TEST_CASE("a connection of a child is from a descendant, while it lives and when it is gone") {
  const Listening listening;
  Pipe connected;
  const pid_t pid = ::fork();  // not executed: it runs code of this program
  if (pid == 0) {
    const int fd = connect_to(listening.path);
    if (fd < 0 || ::write(connected.write.get(), "x", 1) != 1) ::_exit(1);
    for (;;)
      ::pause();
  }
  char byte = 0;
  REQUIRE(::read(connected.read.get(), &byte, 1) == 1);
  const Fd accepted = listening.accept();
  REQUIRE(accepted);
  CHECK(may_descend_from(pid, ::getpid()));
  CHECK(is_from_descendant(accepted.get()));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  CHECK(is_from_descendant(accepted.get()));
}

TEST_CASE("a connection of one that has ended is refused, whatever its user") {
  if (::geteuid() != 0) return;  // only root can be another user
  const Listening listening;
  REQUIRE(::chmod(listening.directory.path().c_str(), 0755) == 0);
  REQUIRE(::chmod(listening.path.c_str(), 0666) == 0);
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(::setuid(65534) != 0 || connect_to(listening.path) < 0 ? 1 : 0);
  int status = 0;
  ::waitpid(pid, &status, 0);
  REQUIRE(status == 0);
  const Fd accepted = listening.accept();
  REQUIRE(accepted);
  CHECK(is_from_descendant(accepted.get()));
}

TEST_CASE("a chain of parents that cannot be read to its end may lead to us") {
  constexpr pid_t k10 = 100'000'010;
  constexpr pid_t k20 = k10 + 10;
  constexpr pid_t k30 = k20 + 10;
  const pid_t us = ::getpid();
  const auto process = [](pid_t parent, std::uint64_t started) {
    ProcessStat stat;
    stat.parent = parent;
    stat.start_ticks = started;
    return stat;
  };
  const Failure unreadable = fail(ErrorKind::ResourceExhausted, "no descriptors");
  // k30 is a child of k20, which is a child of k10: beyond the pids that the kernel gives.
  std::map<pid_t, Result<ProcessStat>> chain{
      {k30, process(k20, 3)}, {k20, process(k10, 2)}, {k10, process(1, 1)}};
  const auto may = [&] {
    return may_descend_from(k30, us, [&](pid_t pid) { return chain.at(pid); });
  };
  CHECK_FALSE(may());
  SECTION("outside of our pid namespace a parent reads as 0: an administrator's shell") {
    chain.insert_or_assign(k20, process(0, 2));
    CHECK_FALSE(may());
  }
  SECTION("it cannot be read itself, or an ancestor cannot") {
    for (const pid_t pid : {k30, k20, k10}) {
      auto whole = chain;
      chain.insert_or_assign(pid, unreadable);
      CHECK(may());
      chain = whole;
    }
  }
  SECTION("a parent that is younger than its child has another's pid") {
    chain.insert_or_assign(k20, process(k10, 9));
    CHECK(may());
  }
  SECTION("an ancestor that ends meanwhile has left its child to us, or to a stranger") {
    for (const pid_t heir : {us, pid_t{1}}) {
      bool ended = false;
      const bool found = may_descend_from(k30, us, [&](pid_t pid) -> Result<ProcessStat> {
        if (pid == k20) {
          ended = true;
          return fail(ErrorKind::NotFound, "it has ended");
        }
        return process(ended ? heir : k20, 3);
      });
      CHECK(found == (heir == us));
    }
  }
}

TEST_CASE("a daemon that has left its session and its parent is still a descendant") {
  // In a fork: a test program must not become a subreaper for the tests that follow.
  const std::string answer = in_fork([] {
    if (!supervisor::process::Reaper::become_subreaper()) return std::string("no subreaper");
    Pipe told;
    if (::fork() == 0) {
      ::setsid();
      if (::fork() != 0) ::_exit(0);
      const pid_t own = ::getpid();
      if (::write(told.write.get(), &own, sizeof own) != sizeof own) ::_exit(1);
      for (;;)
        ::pause();
    }
    ::wait(nullptr);
    pid_t daemon = 0;
    if (::read(told.read.get(), &daemon, sizeof daemon) != sizeof daemon)
      return std::string("mute");
    const bool ours = may_descend_from(daemon, ::getpid());
    ::kill(daemon, SIGKILL);
    return std::string(ours ? "ours" : "lost");
  });
  REQUIRE(answer == "ours");
}
