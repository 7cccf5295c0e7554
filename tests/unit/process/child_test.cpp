// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/child.hpp"

#include "tests/support/launched.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

// One child on a loop, and how it ended.
struct Watched {
  explicit Watched(const Arguments& arguments) {
    Launcher launcher;
    auto launched = launcher.launch(misbehaving(arguments, output.write.get()));
    REQUIRE(launched);
    output.write.reset();
    child.emplace(io, std::move(*launched),
                  [this](Result<core::ExitStatus> status) { exit = std::move(status); });
  }
  ~Watched() {
    if (!child->reaped()) ::kill(-child->pid(), SIGKILL);
  }
  core::ExitStatus ended() {
    run_until(io, [&] { return exit.has_value(); });
    REQUIRE(*exit);
    return **exit;
  }

  boost::asio::io_context io;
  Pipe output;
  std::optional<Child> child;
  std::optional<Result<core::ExitStatus>> exit;
};

}  // namespace

TEST_CASE("a child's exit code is told once, and nothing of it is left") {
  Watched watched({"--exit", "7"});
  REQUIRE(watched.ended() == core::ExitStatus{false, 7, false});
  REQUIRE(watched.child->reaped());
  REQUIRE_FALSE(process_exists(watched.child->pid()));
}

TEST_CASE("a child's death by a signal is told as a signal") {
  Watched watched({"--print", "up"});
  REQUIRE(read_line(watched.output.read.get()) == "up");
  REQUIRE(watched.child->signal(SIGKILL, false));
  const auto status = watched.ended();
  REQUIRE(status.signaled);
  REQUIRE(status.value == SIGKILL);
}

TEST_CASE("signal between fork and handler set-up: SIGTERM right after the launch is not lost") {
  for (int i = 0; i < 20; ++i) {
    Watched watched({});
    REQUIRE(watched.child->signal(SIGTERM, true));
    // By the signal if it came before the program could block it, else by its own exit(0).
    const auto status = watched.ended();
    REQUIRE((status.value == SIGTERM || status.value == 0));
  }
}

TEST_CASE("a stopped child is not an ended one") {
  Watched watched({"--print", "up", "--stop-self", "--exit", "3"});
  REQUIRE(read_line(watched.output.read.get()) == "up");
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(watched.child->pid()), &info, WSTOPPED | WNOWAIT) == 0);
  watched.io.run_for(20ms);
  REQUIRE_FALSE(watched.exit);
  REQUIRE(watched.child->signal(SIGCONT, true));
  REQUIRE(watched.ended().value == 3);
}

TEST_CASE("a process that was reaped is never signalled again") {
  Watched watched({"--exit", "0"});
  watched.ended();
  for (const bool group : {false, true}) {
    const auto result = watched.child->signal(0, group);
    REQUIRE_FALSE(result);
    REQUIRE(result.error().kind == ErrorKind::NotFound);
  }
}

TEST_CASE("signals can go to the group while its leader is a zombie that was not reaped yet") {
  Watched watched({"--exit", "0"});
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(watched.child->pid()), &info, WEXITED | WNOWAIT) == 0);
  REQUIRE(watched.child->signal(SIGTERM, true));
  REQUIRE(watched.ended().value == 0);
}

TEST_CASE("what is left of the group when its leader ends is killed") {
  // The sleeper ignores SIGTERM and holds standard output: end of file is its death.
  Watched watched({"--fork-sleeper", "--print", "up"});
  REQUIRE(read_line(watched.output.read.get()) == "up");
  REQUIRE(watched.child->signal(SIGTERM, false));
  REQUIRE(watched.ended().value == 0);
  REQUIRE(read_to_end(watched.output.read.get()).empty());
}

TEST_CASE("a group that forks anew on each SIGTERM does not outlive its leader") {
  Watched watched({"--refork-on-term", "--print", "up"});
  REQUIRE(read_line(watched.output.read.get()) == "up");
  REQUIRE(watched.child->signal(SIGTERM, true));
  watched.ended();
  REQUIRE(read_to_end(watched.output.read.get()).empty());
}

TEST_CASE("coalesced SIGCHLD: 64 children killed in one burst are all seen, none is a zombie") {
  boost::asio::io_context io;
  Launcher launcher;
  std::vector<std::unique_ptr<Child>> children;
  int signalled = 0;
  for (int i = 0; i < 64; ++i) {
    auto launched = launcher.launch(misbehaving({}));
    REQUIRE(launched);
    children.push_back(
        std::make_unique<Child>(io, std::move(*launched), [&](Result<core::ExitStatus> status) {
          REQUIRE(status);
          REQUIRE(status->signaled);
          REQUIRE(status->value == SIGKILL);
          ++signalled;
        }));
  }
  for (const auto& child : children)
    REQUIRE(child->signal(SIGSTOP, true));
  for (const auto& child : children)
    REQUIRE(child->signal(SIGKILL, true));
  run_until(io, [&] { return signalled == 64; });
  REQUIRE(count_zombies() == 0);
}

TEST_CASE("a status that somebody else took is an error, not a loop") {
  Watched watched({"--exit", "0"});
  REQUIRE(::waitpid(watched.child->pid(), nullptr, 0) == watched.child->pid());
  run_until(watched.io, [&] { return watched.exit.has_value(); });
  REQUIRE_FALSE(*watched.exit);
  REQUIRE(watched.exit->error().os_error == ECHILD);
  REQUIRE(watched.child->reaped());
}

TEST_CASE("a handle may be destroyed by its own exit handler, and with the process running") {
  boost::asio::io_context io;
  Launcher launcher;
  auto launched = launcher.launch(misbehaving({"--exit", "5"}));
  REQUIRE(launched);
  bool told = false;
  std::unique_ptr<Child> child;
  child = std::make_unique<Child>(io, std::move(*launched), [&](Result<core::ExitStatus>) {
    child.reset();
    told = true;
  });
  run_until(io, [&] { return told; });

  auto other = launcher.launch(misbehaving({}));
  REQUIRE(other);
  const pid_t pid = other->pid;
  {
    const Child passing(io, std::move(*other), [](Result<core::ExitStatus>) { FAIL("told"); });
  }
  io.restart();
  io.run_for(10ms);
  REQUIRE(process_exists(pid));
  ::kill(pid, SIGKILL);
  REQUIRE(::waitpid(pid, nullptr, 0) == pid);
}
