// SPDX-License-Identifier: Apache-2.0
// Starting programs by Boost.Process: each test stands for a defect of its releases, or for a
// promise of the header.
#include "tests/support/process.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

using namespace holdfast;
using namespace holdfast::test;

namespace {

Finished shell(const std::string& script, ProcessOptions options = {}) {
  return run_program({"/bin/sh", "-c", script}, std::move(options));
}

}  // namespace

TEST_CASE("harness: exit code 9 and SIGKILL are distinguished") {
  const Finished exited = shell("exit 9");
  CHECK_FALSE(exited.ended.signaled);
  CHECK(exited.ended.value == 9);
  const Finished killed = shell("kill -KILL $$");
  CHECK(killed.ended.signaled);
  CHECK(killed.ended.value == SIGKILL);
  CHECK(killed.ended.shell_status() == 137);
}

TEST_CASE("harness: a program that cannot be executed throws, and leaves no zombie") {
  REQUIRE_THROWS_AS(Process({"/nonexistent/program"}), std::runtime_error);
  REQUIRE_THROWS_AS(Process({"/bin/true"}, {.directory = "/nonexistent"}), std::runtime_error);
  siginfo_t info{};
  REQUIRE(::waitid(P_ALL, 0, &info, WEXITED | WNOHANG) != 0);  // there is no child at all
}

TEST_CASE("harness: a child inherits descriptors 0, 1 and 2 only") {
  const Fd leaked(::open("/etc/passwd", O_RDONLY));    // not close-on-exec
  const Fd high(::fcntl(leaked.get(), F_DUPFD, 500));  // nor this one, beyond a gap
  // ls itself opens one descriptor, to read the directory.
  const Finished listed = run_program({"/bin/ls", "/proc/self/fd"});
  CHECK(listed.output == "0\n1\n2\n3\n");
}

TEST_CASE("harness: environment, directory and input are those of the options") {
  const TempDir directory;
  ::setenv("HARNESS_REMOVED", "here", 1);
  const Finished seen = shell("echo \"$HARNESS_ADDED ${HARNESS_REMOVED-unset} $(pwd) $(cat)\"",
                              {.environment = {{"HARNESS_ADDED", "yes"}, {"HARNESS_REMOVED", ""}},
                               .directory = directory.path()});
  CHECK(seen.output == "yes unset " + directory.path().native() + " \n");

  Process reader({"/bin/sh", "-c", "echo ready; cat; echo closed"}, {.input_pipe = true});
  REQUIRE(reader.read_line() == "ready");
  REQUIRE_FALSE(reader.poll());
  reader.close_input();
  REQUIRE(reader.read_line() == "closed");
  REQUIRE(reader.wait().shell_status() == 0);
}

TEST_CASE("harness: a destroyed Process takes its whole group with it") {
  pid_t grandchild = -1;
  {
    Process parent({"/bin/sh", "-c", "sleep 1000 & echo $!; wait"});
    grandchild = std::stoi(parent.read_line().value());
    REQUIRE(alive(grandchild));
  }
  REQUIRE(wait_until([&] { return !alive(grandchild); }));
}

TEST_CASE("harness: a child gets SIGTERM when the process that started it dies") {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  Fd reading(ends[0]);
  Fd writing(ends[1]);
  const pid_t starter = ::fork();  // not executed: it runs code of this program
  if (starter == 0) {
    Process child({"/bin/sleep", "1000"});
    const pid_t pid = child.pid();
    const bool written = ::write(writing.get(), &pid, sizeof pid) == sizeof pid;
    ::kill(::getpid(), written ? SIGKILL : SIGABRT);
  }
  writing.reset();
  pid_t orphan = -1;
  REQUIRE(::read(reading.get(), &orphan, sizeof orphan) == sizeof orphan);
  REQUIRE(::waitpid(starter, nullptr, 0) == starter);
  REQUIRE(wait_until([&] { return !alive(orphan); }));
}
