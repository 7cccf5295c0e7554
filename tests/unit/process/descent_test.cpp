// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/descent.hpp"

#include "common/net/listen.hpp"
#include "supervisor/process/reaper.hpp"
#include "tests/support/launched.hpp"

#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>

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
  REQUIRE_FALSE(descends_from(::getppid(), ::getpid()));
  REQUIRE(descends_from(::getpid(), ::getppid()));
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
  CHECK(descends_from(pid, ::getpid()));
  CHECK(is_from_descendant(accepted.get()));
  ::kill(pid, SIGKILL);
  ::waitpid(pid, nullptr, 0);
  CHECK(is_from_descendant(accepted.get()));
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
    const bool ours = descends_from(daemon, ::getpid());
    ::kill(daemon, SIGKILL);
    return std::string(ours ? "ours" : "lost");
  });
  REQUIRE(answer == "ours");
}
