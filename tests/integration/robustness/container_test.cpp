// SPDX-License-Identifier: Apache-2.0
// As process 1 of a PID namespace, which is what a container is to it.
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/wait.h>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::vector<std::string> in_container(const std::vector<std::string>& command) {
  std::vector<std::string> argv{"/usr/bin/unshare", "--pid", "--fork", "--kill-child",
                                "--mount-proc"};
  argv.insert(argv.end(), command.begin(), command.end());
  return argv;
}

std::vector<std::string> container() {
  return in_container({bin_dir() / "holdfast", "run"});
}

bool namespaces_are_allowed() {
  const TempDir dir;
  Process process(in_container({"/bin/true"}), {}, dir / "out");
  if (process.wait().value == 0) return true;
  WARN("not tested: process 1 of a container, as no namespace can be made: " << process.output());
  return false;
}

// The supervisor's pid out here; `unshare` is what was started.
pid_t supervisor_of(Stack& stack) {
  REQUIRE(wait_until([&] { return !children_of(stack.supervisor().pid()).empty(); }));
  return children_of(stack.supervisor().pid()).front();
}

}  // namespace

TEST_CASE("process 1: reaps orphans, forwards SIGTERM, and exits with the right code") {
  if (!namespaces_are_allowed()) return;
  SECTION("0 if all went well") {
    Stack stack("[log]\nformat = \"json\"\n\n[program.web]\n" +
                    command_of({"/bin/sh", "-c",
                                "(setsid true &) ; trap 'echo told to stop; exit 0' TERM ; "
                                "while :; do sleep 0.05; done"}) +
                    "ready = \"started\"\n",
                kNoPort, container());
    stack.wait_ready();
    REQUIRE(stack.status()["pid"] == 1);
    REQUIRE(wait_until(
        [&] { return Stack::sum_of(stack.metrics(), "holdfast_strangers_reaped_total") >= 1; }));
    const pid_t supervisor = supervisor_of(stack);
    REQUIRE(wait_until([&] { return zombies_of(supervisor) == 0; }));
    signal_process(supervisor, SIGTERM);
    REQUIRE(stack.supervisor().wait().value == 0);
    REQUIRE(stack.supervisor().output().find("told to stop") != std::string::npos);
  }
  SECTION("1 if something had to be killed") {
    Stack stack(misbehaving("web", {"--ready", "--ignore-term"}, "stop_timeout = \"100ms\"\n"),
                kNoPort, container());
    stack.wait_ready();
    signal_process(supervisor_of(stack), SIGTERM);
    REQUIRE(stack.supervisor().wait().value == 1);
  }
}

TEST_CASE("process 1: exits with 70 by default when a required program cannot run") {
  if (!namespaces_are_allowed()) return;
  Stack stack("[supervisor]\nhopeless_after = \"1s\"\n\n" + misbehaving("web", {"--exit", "1"}),
              kNoPort, container());
  REQUIRE(stack.supervisor().wait().value == 70);
}

TEST_CASE("process 1: warns at the start if the stop grace is too short for the deadline") {
  if (!namespaces_are_allowed()) return;
  struct Row {
    const char* grace;
    const char* kubernetes;
    const char* expected;  // "": no warning
  };
  const Row row = GENERATE(
      Row{"", "",
          "the runtime must wait at least 31s before SIGKILL, but the default of Docker is 10s"},
      Row{"", "10.0.0.1", "the default of Kubernetes is 30s"},
      Row{"10s", "", "stop_grace: everything is killed after 10s"}, Row{"40s", "", ""});
  INFO("HOLDFAST_STOP_GRACE=" << row.grace);
  Stack stack(misbehaving("web", {"--ready"}),
              {{"PORT", "0"},
               {"HOLDFAST_STOP_GRACE", row.grace},
               {"KUBERNETES_SERVICE_HOST", row.kubernetes}},
              container());
  stack.wait_ready();
  if (*row.expected != '\0') {
    REQUIRE(stack.wait_logged(row.expected));
  } else {
    REQUIRE(stack.wait_logged("fleet ready"));  // what comes before has been written
    const std::string output = stack.supervisor().output();
    REQUIRE(output.find("grace") == std::string::npos);
    REQUIRE(output.find("PID 1") == std::string::npos);
  }
}

TEST_CASE("outside a container there is no warning about the stop grace") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  REQUIRE(stack.supervisor().output().find("PID 1") == std::string::npos);
}
