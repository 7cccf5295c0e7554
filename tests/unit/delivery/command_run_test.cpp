// SPDX-License-Identifier: Apache-2.0
// Programs of the user's, started for real.
#include "supervisor/alerts/command_run.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <thread>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;

namespace {

struct Runner {
  std::map<std::string, std::string> environment{{"PATH", "/usr/bin:/bin"}, {"GREETING", "hello"}};
  process::OwnChildren children;
  Duration deadline = 60s;
  std::stop_source stop;

  Result<CommandEnd> run(std::vector<std::string> argv, std::string input = "") {
    return run_command({std::move(argv), std::move(input)},
                       {deadline, 1000, environment, children, stop.get_token()});
  }
  Result<CommandEnd> shell(const std::string& script, std::string input = "") {
    return run({"sh", "-c", script}, std::move(input));
  }
};

}  // namespace

TEST_CASE("a command gets its input, and its exit code and output come back") {
  Runner runner;
  const auto end = runner.shell("cat; echo done >&2; exit 7", "the message\n");
  REQUIRE(end);
  CHECK(end->value == 7);
  CHECK_FALSE(end->signaled);
  CHECK(end->output == "the message\ndone\n");
}

TEST_CASE("a signal is told from an exit code of its number") {
  Runner runner;
  const auto killed = runner.shell("kill -9 $$");
  REQUIRE(killed);
  CHECK(killed->signaled);
  CHECK(killed->value == 9);
  const auto exited = runner.shell("exit 9");
  REQUIRE(exited);
  CHECK_FALSE(exited->signaled);
  CHECK(exited->value == 9);
}

TEST_CASE("a command that reads nothing ends nobody") {
  Runner runner;
  const auto end = runner.shell("exec true", std::string(4u << 20, 'x'));
  REQUIRE(end);
  CHECK(end->value == 0);
}

TEST_CASE("a large input and a large output at the same time: all is read, some is kept") {
  Runner runner;
  const auto end = runner.shell("cat", std::string(1u << 20, 'x'));
  REQUIRE(end);
  CHECK(end->value == 0);
  CHECK(end->output.size() == 1000);
}

TEST_CASE("a command that cannot be started says why") {
  Runner runner;
  const auto none = runner.run({"/nonexistent/alert"});
  REQUIRE_FALSE(none);
  CHECK(none.error().kind == ErrorKind::NotFound);
  CHECK(none.error().message == "cannot start '/nonexistent/alert': No such file or directory");
  const auto directory = runner.run({"/tmp"});
  REQUIRE_FALSE(directory);
  CHECK(directory.error().kind == ErrorKind::PermissionDenied);
}

TEST_CASE("a command that takes too long is killed with all that it has started") {
  Runner runner;
  runner.deadline = 300ms;
  const test::TempDir dir;
  const std::string file = (dir / "pid").native();
  const auto end = runner.shell("sleep 1000 & echo $! > '" + file + "'; wait");
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::DeadlineExceeded);
  pid_t child = 0;
  std::ifstream(file) >> child;
  REQUIRE(child > 0);
  CHECK(test::wait_until([&] { return !test::alive(child); }));
}

TEST_CASE("what a command leaves in its group ends with it, and is not waited for") {
  Runner runner;
  const auto end = runner.shell("sleep 1000 & echo $!");
  REQUIRE(end);
  CHECK(end->value == 0);
  const pid_t child = std::stoi(end->output);
  CHECK(test::wait_until([&] { return !test::alive(child); }));
}

TEST_CASE("a request to stop kills a command") {
  Runner runner;
  runner.stop.request_stop();
  const auto end = runner.shell("sleep 1000");
  REQUIRE_FALSE(end);
  CHECK(end.error().kind == ErrorKind::DeadlineExceeded);
}

TEST_CASE("a command has the environment that is given, three descriptors and no blocked signal") {
  // One that close-on-exec does not protect, with a gap below it.
  const int leak = ::fcntl(STDERR_FILENO, F_DUPFD, 50);
  REQUIRE(leak >= 50);
  sigset_t usr1;
  ::sigemptyset(&usr1);
  ::sigaddset(&usr1, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &usr1, nullptr);
  Runner runner;
  const auto end = runner.shell(
      "echo $GREETING; env | grep -c ^HOME=; ls -x /proc/self/fd; "
      "grep SigBlk /proc/self/status");
  ::pthread_sigmask(SIG_UNBLOCK, &usr1, nullptr);
  ::close(leak);
  REQUIRE(end);
  INFO(end->output);
  CHECK(end->output.starts_with("hello\n0\n0  1  2  3\n"));  // 3: ls reads the directory
  CHECK(end->output.find("SigBlk:\t0000000000000000") != std::string::npos);
}

TEST_CASE("the reaper leaves a command alone while it starts and runs") {
  process::OwnChildren children;
  CHECK_FALSE(children.may_contain(4711));
  {
    const process::OwnChildren::Launch launch(children);
    CHECK(children.may_contain(4711));
    children.add(4712);
  }
  CHECK_FALSE(children.may_contain(4711));
  CHECK(children.may_contain(4712));
  children.remove(4712);
  CHECK_FALSE(children.may_contain(4712));
}
