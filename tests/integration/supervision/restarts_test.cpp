// SPDX-License-Identifier: Apache-2.0
// Workers that die, hang, never come up or will not go.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

bool event_seen(Stack& stack, const std::string& kind) {
  return wait_until([&] {
    return stack.command({"events", "--json", "-n", "1000"})
               .output.find("\"kind\":\"" + kind + "\"") != std::string::npos;
  });
}

}  // namespace

TEST_CASE("the status distinguishes exit 9 from SIGKILL") {
  Stack stack(misbehaving("nine", {"--ready", "--exit-after", "1", "9"}) +
                  misbehaving("killed", {"--ready", "--signal-after", "1", "9"}),
              kNoPort);
  REQUIRE(wait_until([&] { return stack.worker("nine.0").contains("last_exit"); }));
  REQUIRE(wait_until([&] { return stack.worker("killed.0").contains("last_exit"); }));
  REQUIRE(stack.worker("nine.0")["last_exit"]["code"] == 9);
  REQUIRE(stack.worker("killed.0")["last_exit"]["signal"] == 9);
}

TEST_CASE(
    "a worker that always dies enters a crash loop and is retried, and the others keep running") {
  Stack stack(misbehaving("broken", {"--ready", "--exit-after", "1", "1"},
                          "backoff_base = \"10ms\"\nbackoff_cap = \"50ms\"\n"
                          "crash_loop_retry = \"200ms\"\nrequired = false\n") +
                  misbehaving("fine", {"--ready"}),
              kNoPort);
  REQUIRE(stack.wait_state("broken.0", "crash_loop"));
  REQUIRE(event_seen(stack, "crash_loop"));
  const auto starts = [&] { return stack.worker("broken.0").value("starts", 0); };
  const int before = starts();
  REQUIRE(wait_until([&] { return starts() >= before + 2; }));
  REQUIRE(stack.state_of("fine.0") == "ready");
  // It is ready for a moment at each try; between them the status says that something is wrong.
  REQUIRE(wait_until([&] { return stack.command({"status"}).exit_code == 1; }));
}

TEST_CASE("exit code 78 is not restarted") {
  Stack stack(misbehaving("misconfigured", {"--exit", "78"}, "required = false\n") +
                  misbehaving("fine", {"--ready"}),
              kNoPort);
  REQUIRE(stack.wait_state("misconfigured.0", "failed"));
  REQUIRE(stack.worker("misconfigured.0")["starts"] == 1);
  REQUIRE(event_seen(stack, "failed"));
}

TEST_CASE("a worker that stops beating is aborted, then killed, then replaced") {
  Stack stack(misbehaving("hung", {"--hang-after-ready"},
                          "watchdog = \"400ms\"\nwatchdog_interval = \"100ms\"\n"
                          "watchdog_grace = \"200ms\"\n"),
              kNoPort);
  REQUIRE(event_seen(stack, "hung"));
  REQUIRE(wait_until([&] { return stack.worker("hung.0").value("starts", 0) >= 2; }));
  REQUIRE(stack.worker("hung.0")["last_exit"]["signal"] == SIGABRT);
}

TEST_CASE("a worker that never becomes ready is stopped and retried") {
  Stack stack(
      misbehaving("late", {"--never-ready"},
                  "ready_timeout = \"200ms\"\nbackoff_base = \"10ms\"\nrequired = false\n") +
          misbehaving("fine", {"--ready"}),
      kNoPort);
  REQUIRE(event_seen(stack, "ready_timeout"));
  REQUIRE(wait_until([&] { return stack.worker("late.0").value("starts", 0) >= 2; }));
}

TEST_CASE("a dependant waits for readiness, not for the fork") {
  Stack stack(misbehaving("base", {"--ready-after", "300"}) +
                  misbehaving("top", {"--ready"}, "after = [\"base\"]\n"),
              kNoPort);
  REQUIRE(stack.wait_state("base.0", "starting"));
  REQUIRE(stack.worker("top.0").value("starts", 0) == 0);
  stack.wait_ready();
  REQUIRE(stack.worker("top.0")["starts"] == 1);
}

TEST_CASE("a program that cannot be executed says which step failed, backs off, and others run") {
  TempDir dir;
  const auto script = dir / "broken";
  const auto write = [&](const std::string& interpreter) {
    std::filesystem::remove(script);
    std::ofstream(script) << "#!" << interpreter << "\nexec sleep 600\n";
    ::chmod(script.c_str(), 0755);
  };
  write("/bin/sh");  // a start with a broken program is refused
  Stack stack("[program.broken]\n" + command_of({script.string()}) +
                  "ready = \"started\"\nrequired = false\n\n" + misbehaving("fine", {"--ready"}),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_state("broken.0", "ready"));
  write("/no/such/interpreter");
  stack.signal("broken.0", SIGKILL);
  REQUIRE(wait_until([&] {
    return stack.worker("broken.0").value("last_error", "").find("exec") != std::string::npos;
  }));
  const std::string state = stack.state_of("broken.0");
  REQUIRE((state == "backoff" || state == "crash_loop"));
}

TEST_CASE(
    "coalesced SIGCHLD: 64 workers killed at once, every exit is seen, every slot comes back") {
  Stack stack(misbehaving("many", {"--ready"}, "replicas = 64\n"), kNoPort);
  stack.wait_ready();
  std::vector<pid_t> pids;
  for (int i = 0; i < 64; ++i)
    pids.push_back(stack.pid_of("many." + std::to_string(i)));
  for (const pid_t pid : pids)
    signal_process(pid, SIGSTOP);
  for (const pid_t pid : pids)
    signal_process(pid, SIGKILL);
  for (int i = 0; i < 64; ++i) {
    const std::string name = "many." + std::to_string(i);
    REQUIRE(wait_until([&] {
      const json worker = stack.worker(name);
      return worker.value("state", "") == "ready" && worker.value("pid", 0) != pids[i] &&
             worker.value("restarts", 0) == 1;
    }));
  }
}

TEST_CASE("stop during back-off ignored: a stop in back-off takes effect at once") {
  Stack stack(misbehaving("flaky", {"--exit", "1"},
                          "backoff_base = \"20s\"\nbackoff_cap = \"30s\"\nrequired = false\n") +
                  misbehaving("fine", {"--ready"}),
              kNoPort);
  REQUIRE(stack.wait_state("flaky.0", "backoff"));
  REQUIRE(stack.command({"stop", "flaky"}).exit_code == 0);
  REQUIRE(stack.state_of("flaky.0") == "stopped");
}

TEST_CASE("restarts jump the queue: slow first starts do not delay a crashed worker") {
  Stack stack(misbehaving("api", {"--ready"}) +
                  misbehaving("jvm", {"--never-ready"}, "required = false\nreplicas = 0\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"scale", "jvm", "6", "--no-wait"}).exit_code == 0);
  REQUIRE(stack.wait_state("jvm.3", "starting"));
  const pid_t before = stack.pid_of("api.0");
  REQUIRE(signal_process(before, SIGKILL) == 0);
  REQUIRE(wait_until(
      [&] { return stack.pid_of("api.0") != before && stack.state_of("api.0") == "ready"; }));
  REQUIRE(stack.state_of("jvm.3") == "starting");
}
