// SPDX-License-Identifier: Apache-2.0
// Oneshots that run at times, with real processes and a clock that jumps.
#include "tests/support/catch.hpp"
#include "tests/support/preload.hpp"
#include "tests/support/programs.hpp"

#include <fstream>
#include <iterator>

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

std::string job(const std::string& name, const std::string& script, const std::string& keys) {
  return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script}) +
         "type = \"oneshot\"\n" + keys + "\n";
}

json schedule_of(Stack& stack, const std::string& name) {
  const json status = stack.status();  // must outlive the loop
  for (const json& program : status["programs"]) {
    if (program["name"] == name) return program.value("schedule", json::object());
  }
  return json::object();
}

int runs_of(Stack& stack, const std::string& name, const std::string& outcome = "succeeded") {
  return schedule_of(stack, name).value("runs", json::object()).value(outcome, 0);
}

std::size_t lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TEST_CASE(
    "every: a job runs again and again, the stack is ready without it, and status has its times") {
  TempDir dir;
  Stack stack(job("beat", "echo x >> " + (dir / "beats").string(), "every = \"1s\"\n") +
                  misbehaving("web", {"--ready"}),
              kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return runs_of(stack, "beat") >= 2; }));
  CHECK(lines_of(dir / "beats") >= 2);
  const json schedule = schedule_of(stack, "beat");
  CHECK(schedule["every"] == "1s");
  CHECK(schedule.contains("next_run_at"));
  CHECK(schedule["last_run"]["ok"] == true);
  CHECK(stack.command({"status"}).output.find("next run 20") != std::string::npos);
  const std::string metrics = stack.metrics();
  CHECK(Stack::sum_of(metrics, "holdfast_schedule_runs_total", "outcome=\"success\"") >= 2);
  CHECK(Stack::sum_of(metrics, "holdfast_schedule_last_run_success", "program=\"beat\"") == 1);

  REQUIRE(stack.command({"stop", "beat"}).exit_code == 0);
  const std::size_t stopped = lines_of(dir / "beats");
  CHECK_FALSE(schedule_of(stack, "beat").contains("next_run_at"));
  REQUIRE(stack.command({"start", "beat"}).exit_code == 0);  // and runs now
  CHECK(lines_of(dir / "beats") >= stopped + 1);
}

TEST_CASE("a cron expression follows the wall clock, also when that is set") {
  Faults faults;
  TempDir dir;
  // Far from any minute at which it could be due by itself while the test runs.
  const std::string keys = "schedule = \"0 3 1 1 *\"\ntimezone = \"UTC\"\n";
  Stack stack(
      job("yearly", "echo x >> " + (dir / "runs").string(), keys) +
          job("caught", "echo x >> " + (dir / "caught").string(), keys + "catch_up = true\n") +
          misbehaving("web", {"--ready"}),
      faults.environment());
  stack.wait_ready();
  CHECK(stack.state_of("yearly.0") == "scheduled");
  CHECK(lines_of(dir / "runs") == 0);
  faults.jump(std::chrono::hours(24 * 366));
  REQUIRE(stack.wait_event("runs_missed", "yearly has missed"));
  REQUIRE(wait_until([&] { return lines_of(dir / "caught") == 1; }));
  CHECK(lines_of(dir / "runs") == 0);
  CHECK(wait_until([&] { return runs_of(stack, "yearly", "missed") >= 1; }));
  CHECK(runs_of(stack, "caught", "missed") == 0);
  CHECK(stack.state_of("web.0") == "ready");
}

TEST_CASE("a run that fails is an alert until one succeeds; start NAME answers with its outcome") {
  TempDir dir;
  const std::string ok = (dir / "ok").string();
  Stack stack(job("report", "test -e " + ok + " || exit 3", "schedule = \"@yearly\"\n") +
                  misbehaving("web", {"--ready"}),
              kNoPort);
  stack.wait_ready();
  const auto failed = stack.command({"start", "report"});
  INFO(failed.output);
  CHECK(failed.exit_code == 1);
  CHECK(failed.output.find("exit 3") != std::string::npos);
  const std::string alerts = stack.status()["alerts"].dump();
  CHECK(alerts.find("HoldfastScheduledRunFailed") != std::string::npos);
  CHECK(stack.command({"health", "--ready"}).exit_code == 0);
  std::ofstream(ok).put('x');
  CHECK(stack.command({"start", "report"}).exit_code == 0);
  CHECK(stack.status()["alerts"].empty());
  CHECK(stack.state_of("report.0") == "done");
}

TEST_CASE("overlap: a run that is due while the last one is going is skipped, and told") {
  Stack stack(job("slow", "sleep 1000", "every = \"1s\"\n") + misbehaving("web", {"--ready"}),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_event("run_skipped", "slow.0 (incarnation 1) is still running"));
  CHECK(stack.worker("slow.0")["starts"] == 1);
  CHECK(stack.command({"status"}).exit_code == 0);
}

TEST_CASE("what was due while the supervisor did not run is caught up, if it is asked for") {
  Faults faults;
  TempDir dir;
  const std::string file = (dir / "runs").string();
  Stack stack(job("caught", "echo x >> " + file, "schedule = \"0 3 1 1 *\"\ncatch_up = true\n") +
                  misbehaving("web", {"--ready"}),
              faults.environment());
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  CHECK(lines_of(file) == 0);
  faults.jump(std::chrono::hours(24 * 366));
  stack.start();
  stack.wait_ready();
  REQUIRE(wait_until([&] { return lines_of(file) == 1; }));
}

TEST_CASE("check-config refuses what no schedule can be, with its place") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const auto check = [&](const std::string& toml) {
    std::ofstream(stack.file("bad.toml")) << toml;
    const auto answer = stack.command({"check-config", stack.file("bad.toml").string()});
    CHECK(answer.exit_code == 78);
    return answer.output;
  };
  CHECK(check(job("a", "true", "schedule = \"61 * * * *\"\n")).find("'61' is not one of 0 to 59") !=
        std::string::npos);
  CHECK(check("[program.a]\ncommand = [\"true\"]\nschedule = \"@daily\"\n")
            .find("type = \"oneshot\"") != std::string::npos);
  CHECK(check(job("a", "true", "schedule = \"@daily\"\n") +
              "[program.b]\ncommand = [\"true\"]\nafter = [\"a\"]\n")
            .find("after: 'a' runs at times") != std::string::npos);
}
