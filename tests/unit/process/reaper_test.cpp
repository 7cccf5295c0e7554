// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/reaper.hpp"

#include "supervisor/process/child.hpp"
#include "supervisor/process/signals.hpp"
#include "tests/support/launched.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <map>
#include <set>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

// Run in a fork: a subreaper with SIGCHLD blocked is no state for the other tests.
std::string as_subreaper(const std::function<std::string()>& body) {
  return in_fork([&] {
    if (!Reaper::become_subreaper()) return std::string("no subreaper");
    if (!block_signals()) return std::string("signals");
    return body();
  });
}

pid_t exit_with(int code) {
  const pid_t pid = ::fork();  // not executed: it runs code of this program
  if (pid == 0) ::_exit(code);
  return pid;
}

}  // namespace

TEST_CASE("orphans of a worker are reaped and counted") {
  const std::string seen = as_subreaper([] {
    boost::asio::io_context io;
    Launcher launcher;
    // The worker's grandchild holds this pipe's end as its life sign.
    Pipe output;
    auto launched =
        launcher.launch(misbehaving({"--fork-grandchild", "--print", "up"}, output.write.get()));
    output.write.reset();
    if (!launched || read_line(output.read.get()) != "up") return std::string("no worker");
    std::set<pid_t> ours{launched->pid};
    bool ended = false;
    Child child(io, std::move(*launched), [&](Result<core::ExitStatus>) {
      ours.clear();
      ended = true;
    });
    std::vector<pid_t> reaped;
    Reaper reaper(
        io, [&](pid_t pid) { return ours.contains(pid); },
        [&](pid_t pid, const core::ExitStatus&) { reaped.push_back(pid); });
    auto signals = SignalSource::open(io, [&](int signal, pid_t) {
      if (signal == SIGCHLD) reaper.reap();
    });
    (void)child.signal(SIGKILL, true);
    run_until(io, [&] { return ended; });
    // It is our child now: found by /proc, killed, and reaped as an orphan.
    siginfo_t info{};
    if (::waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0)
      return std::string("no orphan");
    const std::string list = "/proc/self/task/" + std::to_string(::getpid()) + "/children";
    FILE* file = std::fopen(list.c_str(), "r");
    int orphan = 0;
    if (file == nullptr || std::fscanf(file, "%d", &orphan) != 1) return std::string("not adopted");
    std::fclose(file);
    ::kill(orphan, SIGKILL);
    run_until(io, [&] { return reaper.orphans() == 1; });
    if (reaped != std::vector<pid_t>{orphan}) return std::string("wrong one");
    return std::string(read_to_end(output.read.get()).empty() && count_zombies() == 0 ? "ok"
                                                                                      : "left");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE("reaper steals a status: our children keep theirs while orphans die among them") {
  const std::string seen = as_subreaper([] {
    boost::asio::io_context io;
    Launcher launcher;
    std::map<pid_t, std::unique_ptr<Child>> ours;
    int correct = 0;
    Reaper reaper(io, [&](pid_t pid) { return ours.contains(pid); });
    auto signals = SignalSource::open(io, [&](int signal, pid_t) {
      if (signal == SIGCHLD) reaper.reap();
    });
    for (int i = 0; i < 40; ++i) {
      auto launched = launcher.launch(misbehaving({"--exit", std::to_string(i)}));
      if (!launched) return describe(launched.error());
      const pid_t pid = launched->pid;
      ours[pid] = std::make_unique<Child>(io, std::move(*launched),
                                          [&, pid, i](Result<core::ExitStatus> status) {
                                            if (status && status->value == i) ++correct;
                                            ours.erase(pid);
                                          });
      exit_with(200);
    }
    run_until(io, [&] { return ours.empty() && reaper.orphans() == 40; });
    return fmt::format("{} correct, {} zombies", correct, count_zombies());
  });
  REQUIRE(seen == "40 correct, 0 zombies");
}

TEST_CASE("a zombie of ours hides the orphans behind it only for a while") {
  const std::string seen = as_subreaper([] {
    boost::asio::io_context io;
    const pid_t mine = exit_with(1);
    siginfo_t info{};
    ::waitid(P_PID, static_cast<id_t>(mine), &info, WEXITED | WNOWAIT);
    const pid_t orphan = exit_with(2);
    ::waitid(P_PID, static_cast<id_t>(orphan), &info, WEXITED | WNOWAIT);
    Reaper reaper(io, [&](pid_t pid) { return pid == mine; });
    reaper.reap();
    const auto hidden = reaper.orphans();
    ::waitpid(mine, nullptr, 0);
    run_until(io, [&] { return reaper.orphans() == 1; });
    return std::string(hidden == 0 && count_zombies() == 0 ? "ok" : "wrong");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE("a crowd of dead orphans is reaped in turns") {
  const std::string seen = as_subreaper([] {
    boost::asio::io_context io;
    Reaper reaper(io, [](pid_t) { return false; });
    for (int i = 0; i < 300; ++i) {
      const pid_t pid = exit_with(0);
      siginfo_t info{};
      ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
    }
    reaper.reap();
    const auto first_turn = reaper.orphans();
    run_until(io, [&] { return reaper.orphans() == 300; });
    return std::string(first_turn < 300 && count_zombies() == 0 ? "ok" : "wrong");
  });
  REQUIRE(seen == "ok");
}
