// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/probe_command.hpp"

#include "common/os/file.hpp"
#include "common/os/proc.hpp"
#include "common/text/number.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

#include <unistd.h>

#include <csignal>
#include <optional>
#include <set>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;
using Outcome = ProbeAnswer::Outcome;

namespace {

class Shell {
 public:
  explicit Shell(std::string script) : script_(std::move(script)) {
    question.probe.kind = config::Probe::Kind::Command;
    question.probe.command = {"check"};
    question.timeout = 30s;
  }

  std::unique_ptr<CommandProbe> start() {
    return std::make_unique<CommandProbe>(
        io, question,
        [this](int output) {
          process::LaunchSpec spec;
          spec.executable = executable;
          spec.argv = {"sh", "-c", script_};
          spec.fds = {{1, output}, {2, output}};
          return launcher_.launch(spec);
        },
        CommandProbe::Registry{[this](pid_t pid) { running.insert(pid); },
                               [this](pid_t pid) { running.erase(pid); }},
        [this](ProbeAnswer given) { answer = std::move(given); });
  }
  void run_until(const std::function<bool()>& condition) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!condition() && std::chrono::steady_clock::now() < end)
      io.run_one_for(100ms);
    REQUIRE(condition());
  }
  ProbeAnswer ask() {
    const auto probe = start();
    run_until([this] { return answer.has_value(); });
    return *answer;
  }

  boost::asio::io_context io;
  ProbeQuestion question;
  std::string executable = "/bin/sh";
  std::set<pid_t> running;
  std::optional<ProbeAnswer> answer;

 private:
  std::string script_;
  process::Launcher launcher_;
};

}  // namespace

TEST_CASE("exit 0 is a yes, and nothing is left running") {
  Shell shell("exit 0");
  CHECK(shell.ask().outcome == Outcome::Yes);
  CHECK(shell.running.empty());
}

TEST_CASE("any other end is a no, with the last line of its output as the reason") {
  struct Row {
    std::string script;
    std::string reason;
  };
  const auto row = GENERATE(values<Row>({
      {"exit 3", "'check' ended with exit 3"},
      {"echo one; echo 'no route' >&2; echo; exit 1", "'check' ended with exit 1: no route"},
      {"kill -9 $$", "'check' ended with signal 9 (SIGKILL)"},
      {"yes x | head -c 300000; printf end; exit 1", "'check' ended with exit 1: end"},
  }));
  Shell shell(row.script);
  const ProbeAnswer answer = shell.ask();
  CHECK(answer.outcome == Outcome::No);
  CHECK(answer.reason.ends_with(row.reason.substr(row.reason.find("ended"))));
}

TEST_CASE("a command that takes too long is killed with all that it has started") {
  const test::TempDir dir;
  const std::string file = dir / "pid";
  Shell shell("sleep 600 & printf %s $! >" + file + "; sleep 600");
  shell.question.timeout = 2s;
  const ProbeAnswer answer = shell.ask();
  CHECK(answer.outcome == Outcome::No);
  CHECK(answer.reason == "'check' did not end within 2s");
  shell.run_until([&] { return shell.running.empty(); });
  const auto pid = text::parse_number<pid_t>(read_file(file).value_or(""));
  REQUIRE(pid);
  CHECK(test::wait_until([&] {
    const auto stat = read_process_stat(*pid);
    return !stat || stat->dead();
  }));
}

TEST_CASE("a probe that is not wanted any more takes its command with it") {
  Shell shell("sleep 600");
  auto probe = shell.start();
  probe.reset();
  shell.run_until([&] { return shell.running.empty(); });
  CHECK_FALSE(shell.answer);
}

TEST_CASE("a command that cannot be started is a no") {
  Shell shell("exit 0");
  shell.executable = "/nonexistent";
  const ProbeAnswer answer = shell.ask();
  CHECK(answer.outcome == Outcome::No);
  CHECK(answer.reason == "'check' could not be started: exec: No such file or directory");
}
