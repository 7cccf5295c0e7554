// SPDX-License-Identifier: Apache-2.0
// kill -9 of the supervisor: nothing that it ever started is left behind.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

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
    std::ifstream file(entry.path() / "cmdline", std::ios::binary);
    const std::string line{std::istreambuf_iterator<char>(file), {}};
    if (line.starts_with("holdfast-guard") && line.find(wanted) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

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
