// SPDX-License-Identifier: Apache-2.0
// What can go wrong around fork, exec and the end of a process: pids that come back, parents that
// die in between, descriptors that are shared.
#include "supervisor/process/child.hpp"
#include "supervisor/process/child_setup.hpp"
#include "supervisor/process/leftovers.hpp"
#include "supervisor/process/low_fds.hpp"
#include "supervisor/process/reaper.hpp"
#include "supervisor/process/signals.hpp"
#include "supervisor/sockets/notify_socket.hpp"
#include "tests/support/launched.hpp"

#include <linux/sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <optional>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

// A child of ours with the pid that we choose; -1 with errno if the kernel does not let us.
pid_t fork_with_pid(pid_t pid) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  arguments.set_tid = reinterpret_cast<std::uint64_t>(&pid);
  arguments.set_tid_size = 1;
  return static_cast<pid_t>(::syscall(SYS_clone3, &arguments, sizeof arguments));
}

}  // namespace

TEST_CASE("PID reuse: neither signals nor messages of the dead go to or come from the stranger") {
  boost::asio::io_context io;
  const TempDir directory;
  std::optional<pid_t> known;
  int heard = 0;
  auto socket = sockets::NotifySocket::open(
      io, directory.path() / "notify.sock", sockets::NotifySocket::kOwnerOnly,
      [&](pid_t pid) {
        return known == pid ? std::optional(core::ProcessId{{1, 0}, 1}) : std::nullopt;
      },
      [&](const core::ProcessId&, const sockets::NotifyMessage&) { ++heard; });
  REQUIRE(socket);
  Launcher launcher;
  auto launched = launcher.launch(misbehaving({"--exit", "0"}));
  REQUIRE(launched);
  const pid_t pid = launched->pid;
  known = pid;
  Child child(io, std::move(*launched), [&](Result<core::ExitStatus>) { known.reset(); });
  run_until(io, [&] { return child.reaped(); });

  const std::string path = (*socket)->path();
  const pid_t stranger = fork_with_pid(pid);
  if (stranger == 0) {
    ::setpgid(0, 0);
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
    ::execl(MISBEHAVE_PATH, "misbehave", "--ready", nullptr);
    ::_exit(127);
  }
  if (stranger < 0) {
    WARN("not tested: a pid cannot be chosen here: " << std::strerror(errno));
    return;
  }
  REQUIRE(stranger == pid);
  run_until(io, [&] { return (*socket)->counters().foreign == 1; });
  REQUIRE(heard == 0);
  for (const bool group : {false, true}) {
    const auto sent = child.signal(SIGKILL, group);
    REQUIRE_FALSE(sent);
    REQUIRE(sent.error().kind == ErrorKind::NotFound);
  }
  REQUIRE(::waitpid(stranger, nullptr, WNOHANG) == 0);  // it lives
  ::kill(stranger, SIGKILL);
  REQUIRE(::waitpid(stranger, nullptr, 0) == stranger);
}

TEST_CASE("PDEATHSIG race: a child whose parent died before the prctl does not run") {
  const bool parent_lives = GENERATE(true, false);
  Pipe died;
  Pipe result;
  // The supervisor: it dies, or does not, after the fork and before its child's set-up.
  const pid_t supervisor = ::fork();
  if (supervisor == 0) {
    const LaunchSpec spec;
    LowFds low;
    auto plan = make_plan(spec, low);
    if (!plan) ::_exit(1);
    plan->keep_below = 0;  // our pipes are no gifts of the plan's, and must stay
    const pid_t child = ::fork();
    if (child != 0) {
      if (parent_lives) ::waitpid(child, nullptr, 0);
      ::_exit(0);
    }
    char byte = 0;
    died.write.reset();
    if (!parent_lives) (void)!::read(died.read.get(), &byte, 1);  // until it is gone
    const char outcome = set_up_child(*plan) == 0 ? 'x' : '?';
    (void)!::write(result.write.get(), &outcome, 1);
    ::_exit(0);
  }
  REQUIRE(::waitpid(supervisor, nullptr, 0) == supervisor);
  died.write.reset();
  result.write.reset();
  REQUIRE(read_to_end(result.read.get()) == (parent_lives ? "x" : ""));
}

TEST_CASE("signalfd shared over fork: after a hundred launches our signals are still ours") {
  const std::string seen = in_fork([] {
    if (!block_signals()) return std::string("not blocked");
    boost::asio::io_context io;
    int got = 0;
    auto source = SignalSource::open(io, [&](int signal, pid_t) { got += signal == SIGTERM; });
    if (!source) return source.error().message;
    Launcher launcher;
    for (int i = 0; i < 100; ++i) {
      auto launched = launcher.launch(misbehaving({"--exit", "0"}));
      if (!launched) return describe(launched.error());
      wait_for(*launched);
    }
    ::kill(::getpid(), SIGTERM);
    run_until(io, [&] { return got == 1; });
    return std::string("ok");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE(
    "reaper steals a status: system() and popen() in the middle of an exit storm get theirs") {
  const std::string seen = in_fork([] {
    if (!Reaper::become_subreaper() || !block_signals()) return std::string("set-up");
    boost::asio::io_context io;
    Launcher launcher;
    std::map<pid_t, std::unique_ptr<Child>> ours;
    int correct = 0;
    Reaper reaper(io, [&](pid_t pid) { return ours.contains(pid); });
    auto signals = SignalSource::open(io, [&](int, pid_t) { reaper.reap(); });
    for (int i = 0; i < 20; ++i) {
      auto launched = launcher.launch(misbehaving({"--exit", std::to_string(i)}));
      if (!launched) return describe(launched.error());
      const pid_t pid = launched->pid;
      ours[pid] = std::make_unique<Child>(io, std::move(*launched),
                                          [&, pid, i](Result<core::ExitStatus> status) {
                                            correct += status && status->value == i ? 1 : 0;
                                            ours.erase(pid);
                                          });
      // A library's helpers, which wait for themselves by pid.
      const int status = std::system("exit 3");
      if (!WIFEXITED(status) || WEXITSTATUS(status) != 3) return std::string("system()");
      FILE* pipe = ::popen("exit 4", "r");
      if (WEXITSTATUS(::pclose(pipe)) != 4) return std::string("popen()");
      io.poll();
    }
    run_until(io, [&] { return ours.empty(); });
    return fmt::format("{} correct, {} zombies", correct, count_zombies());
  });
  REQUIRE(seen == "20 correct, 0 zombies");
}

TEST_CASE("daemons that workers leave behind are ended at last, even if they ignore SIGTERM") {
  const std::string seen = in_fork([] {
    if (!Reaper::become_subreaper() || !block_signals()) return std::string("set-up");
    const SystemClock clock;
    Launcher launcher;
    // Its daemon ignores SIGTERM.
    auto launched = launcher.launch(misbehaving({"--fork-daemon", "--exit", "0"}));
    if (!launched) return describe(launched.error());
    wait_for(*launched);
    const Leftovers left = end_leftovers(clock, clock.mono() + 400ms);
    if (left.found.size() != 1 || left.found[0].find("misbehave (pid ") != 0)
      return std::string("not found");
    if (!left.killed || !left.gone) return std::string("not killed");
    const Leftovers none = end_leftovers(clock, clock.mono() + 1h);  // returns at once
    return std::string(none.found.empty() && none.gone && count_zombies() == 0 ? "ok" : "left");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE("a process that forks and exits all the time is ended at last") {
  const std::string seen = in_fork([] {
    if (!Reaper::become_subreaper() || !block_signals()) return std::string("set-up");
    const SystemClock clock;
    if (::fork() == 0) {
      ::setsid();
      ::signal(SIGTERM, SIG_IGN);
      // Bounded: should the test fail, it ends by itself.
      for (int hops = 0; hops < 20'000; ++hops) {
        if (::fork() > 0) ::_exit(0);
        const timespec pause{0, 500'000};
        ::nanosleep(&pause, nullptr);
      }
      ::_exit(0);
    }
    const Leftovers left = end_leftovers(clock, clock.mono() + 2s);
    return std::string(left.gone && count_zombies() == 0 ? "ok" : "left");
  });
  REQUIRE(seen == "ok");
}
