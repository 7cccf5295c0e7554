// SPDX-License-Identifier: Apache-2.0
// kill -9 of the supervisor: nothing that it ever started is left behind.
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::string kShortDeadline = "[supervisor]\nshutdown_deadline = \"3s\"\n\n";

std::vector<pid_t> processes_of(const Stack& stack) {
  return pids_with_environment("HOLDFAST_TEST_ID=" + stack.config_file().parent_path().string());
}

// The guardian of the supervisor of this pid runs.
bool guarded(pid_t supervisor) {
  const std::string wanted = "HOLDFAST_INSTANCE=" + std::to_string(supervisor) + "-";
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string line = holdfast::read_file(entry.path() / "cmdline").value_or("");
    if (line.starts_with("holdfast-guard") && line.find(wanted) != std::string::npos) return true;
  }
  return false;
}

// Processes that run `sleep` for exactly this time: nothing else says whose they are.
std::vector<pid_t> sleepers(const std::string& time) {
  std::vector<pid_t> result;
  const std::string wanted = std::string("sleep") + '\0' + time + '\0';
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string name = entry.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string line = holdfast::read_file(entry.path() / "cmdline").value_or("");
    if (line == wanted) result.push_back(static_cast<pid_t>(std::stol(name)));
  }
  return result;
}

std::vector<pid_t> guardians_of(pid_t supervisor) {
  std::vector<pid_t> result;
  const std::string wanted = "HOLDFAST_INSTANCE=" + std::to_string(supervisor) + "-";
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const std::string line = holdfast::read_file(entry.path() / "cmdline").value_or("");
    if (line.starts_with("holdfast-guard") && line.find(wanted) != std::string::npos)
      result.push_back(static_cast<pid_t>(std::stol(entry.path().filename())));
  }
  return result;
}

// How often it has waited for something.
std::uint64_t pauses_of(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  const std::string wanted = "voluntary_ctxt_switches:";
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(wanted)) return std::stoull(line.substr(wanted.size()));
  }
  return 0;
}

// It sleeps until its next look, and not because a look has to wait for something.
bool waits_for_time(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/syscall");
  long number = -1;
  if (!(file >> number)) return false;
#ifdef SYS_poll
  if (number == SYS_poll) return true;
#endif
  return number == SYS_ppoll;
}

}  // namespace

TEST_CASE("kill -9 of the supervisor: what has cleared its environment is ended, too") {
  // A leader, a child in its session, and two daemons that have left session and parent: all
  // without a variable of ours, and one that ignores SIGTERM.
  const std::string time = "600." + std::to_string(::getpid());
  const std::string script = "env -i sleep " + time + " & (env -i setsid sleep " + time +
                             " &) ; (trap '' TERM; env -i setsid sleep " + time +
                             " &) ; exec env -i sleep " + time;
  Stack stack(kShortDeadline + "[program.bare]\n" + command_of({"/bin/sh", "-c", script}) +
                  "ready = \"started\"\nmetrics = \"off\"\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return sleepers(time).size() == 4; }));
  // The guardian has looked at what is below the supervisor once more.
  const pid_t supervisor = stack.supervisor().pid();
  REQUIRE(wait_until([&] { return guardians_of(supervisor).size() == 1; }));
  const pid_t guardian = guardians_of(supervisor).front();
  REQUIRE(wait_until([&] { return waits_for_time(guardian); }));
  const std::uint64_t before = pauses_of(guardian);
  REQUIRE(wait_until([&] { return pauses_of(guardian) > before && waits_for_time(guardian); },
                     std::chrono::minutes(2)));
  stack.supervisor().signal(SIGKILL);
  stack.supervisor().wait();
  REQUIRE(wait_until([&] { return sleepers(time).empty(); }));
}

TEST_CASE("a guardian that is killed is replaced, and the next one guards as well") {
  const std::string time = "700." + std::to_string(::getpid());
  Stack stack(kShortDeadline + "[program.bare]\n" +
                  command_of({"/bin/sh", "-c", "exec env -i sleep " + time}) +
                  "ready = \"started\"\nmetrics = \"off\"\n\n" +
                  misbehaving("stubborn", {"--ready", "--ignore-term"}, "watchdog = \"0s\"\n"),
              kNoPort);
  stack.wait_ready();
  const pid_t supervisor = stack.supervisor().pid();
  for (int i = 0; i < 3; ++i) {
    REQUIRE(wait_until([&] { return guardians_of(supervisor).size() == 1; }));
    const pid_t guardian = guardians_of(supervisor).front();
    signal_process(guardian, SIGKILL);
    REQUIRE(wait_until([&] {
      const auto now = guardians_of(supervisor);
      return now.size() == 1 && now.front() != guardian;
    }));
  }
  REQUIRE(stack.wait_logged("the guardian was killed"));
  stack.supervisor().signal(SIGKILL);
  stack.supervisor().wait();
  REQUIRE(wait_until([&] { return sleepers(time).empty() && processes_of(stack).empty(); }));
  REQUIRE(wait_until([&] { return guardians_of(supervisor).empty(); }));
}

TEST_CASE("an orderly exit leaves nothing behind, the guardian included, also a replaced one") {
  for (const bool replaced : {false, true}) {
    INFO("replaced: " << replaced);
    Stack stack(misbehaving("web", {"--ready"}, "replicas = 3\n"), kNoPort);
    stack.wait_ready();
    const pid_t supervisor = stack.supervisor().pid();
    REQUIRE(wait_until([&] { return guardians_of(supervisor).size() == 1; }));
    if (replaced) {
      const pid_t guardian = guardians_of(supervisor).front();
      signal_process(guardian, SIGKILL);
      REQUIRE(wait_until([&] {
        const auto now = guardians_of(supervisor);
        return now.size() == 1 && now.front() != guardian;
      }));
    }
    stack.supervisor().signal(SIGTERM);
    REQUIRE(stack.supervisor().wait().value == 0);
    CHECK(guardians_of(supervisor).empty());  // already, without waiting
    CHECK(processes_of(stack).empty());
  }
}

TEST_CASE(
    "kill -9 of the supervisor: even processes that ignore SIGTERM, or were forked, are ended") {
  const std::string family = "sleep 600 & (setsid sleep 600 &) ; wait";
  Stack stack(kShortDeadline + "[program.family]\n" + command_of({"/bin/sh", "-c", family}) +
                  "ready = \"started\"\n\n" +
                  misbehaving("stubborn", {"--fork-daemon", "--ready", "--ignore-term"},
                              "watchdog = \"0s\"\n") +
                  misbehaving("bomb", {"--refork-on-term", "--ready"}),
              kNoPort);
  stack.wait_ready();
  // The supervisor, the shell and its two, the stubborn one and its daemon, and one
  // that forks at each SIGTERM.
  REQUIRE(wait_until([&] { return processes_of(stack).size() == 7; }));
  const pid_t supervisor = stack.supervisor().pid();
  REQUIRE(wait_until([&] { return guarded(supervisor); }));
  stack.supervisor().signal(SIGKILL);
  stack.supervisor().wait();
  REQUIRE(wait_until([&] { return processes_of(stack).empty(); }));
  REQUIRE(wait_until([&] { return !guarded(supervisor); }));
}

TEST_CASE("kill -9 of the supervisor: the processes of its successor are left alone") {
  Stack stack(kShortDeadline + misbehaving("web", {"--ready"}, "replicas = 3\n") +
                  misbehaving("stubborn", {"--ready", "--ignore-term"}, "watchdog = \"0s\"\n"),
              kNoPort);
  stack.wait_ready();
  const pid_t supervisor = stack.supervisor().pid();
  const pid_t stubborn = stack.pid_of("stubborn.0");
  REQUIRE(wait_until([&] { return guarded(supervisor); }));
  stack.supervisor().signal(SIGKILL);
  stack.supervisor().wait();
  stack.start();
  stack.wait_ready();
  REQUIRE(wait_until([&] { return !alive(stubborn) && !guarded(supervisor); }));
  for (const char* worker : {"web.0", "web.1", "web.2", "stubborn.0"})
    REQUIRE(stack.worker(worker)["starts"] == 1);
  REQUIRE(guarded(stack.supervisor().pid()));
}

TEST_CASE("kill -9 of the supervisor: no worker hides behind a HOLDFAST_INSTANCE of its own") {
  const auto config = [](const std::string& more) {
    return kShortDeadline +
           misbehaving("stubborn", {"--ready", "--ignore-term"}, "watchdog = \"0s\"\n" + more);
  };
  // The supervisor inherits one, as if it were a worker of another supervisor.
  Stack stack(config(""), {{"PORT", "0"}, {"HOLDFAST_INSTANCE", "another"}});
  stack.wait_ready();
  const auto refused = [&](const std::string& setting, const std::string& place) {
    stack.write_config(config(setting));
    const Stack::Answer answer = stack.command({"reload"});
    INFO(answer.output);
    CHECK(answer.exit_code == 1);
    CHECK(answer.output.find(place) != std::string::npos);
    CHECK(answer.output.find("'HOLDFAST_INSTANCE' is set by the supervisor") != std::string::npos);
  };
  refused("environment = { HOLDFAST_INSTANCE = \"mine\" }\n", "holdfast.toml:7:17");
  std::ofstream(stack.file("worker.env")) << "A=1\nHOLDFAST_INSTANCE=mine\n";
  refused("env_file = \"" + stack.file("worker.env").string() + "\"\n", "worker.env:2: ");

  const pid_t supervisor = stack.supervisor().pid();
  REQUIRE(wait_until([&] { return guarded(supervisor); }));
  REQUIRE(processes_of(stack).size() == 2);
  stack.supervisor().signal(SIGKILL);
  stack.supervisor().wait();
  REQUIRE(wait_until([&] { return processes_of(stack).empty(); }));
}

TEST_CASE("the guardian exits with a supervisor that ends by itself") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t supervisor = stack.supervisor().pid();
  REQUIRE(wait_until([&] { return guarded(supervisor); }));
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  REQUIRE(wait_until([&] { return !guarded(supervisor); }));
}
