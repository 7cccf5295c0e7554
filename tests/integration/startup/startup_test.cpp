// SPDX-License-Identifier: Apache-2.0
// What `holdfast run` says and does when it cannot run: one clear message, the documented exit
// code, and nothing half-started.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

struct Attempt {
  int exit_code = 0;
  std::string output;
  bool left_processes = false;
};

Attempt try_to_run(const std::string& toml, const std::map<std::string, std::string>& extra = {}) {
  TempDir dir;
  std::ofstream(dir / "holdfast.toml") << toml;
  std::map<std::string, std::string> environment{
      {"HOLDFAST_CONFIG", dir / "holdfast.toml"}, {"HOLDFAST_STATE_DIR", dir / "state"},
      {"HOLDFAST_RUNTIME_DIR", dir / "run"},      {"HOLDFAST_TEST_ID", dir.path()},
      {"STATUS_LISTEN", "127.0.0.1:0"},           {"PORT", "0"}};
  for (const auto& [name, value] : extra)
    environment[name] = value;
  Process process({bin_dir() / "holdfast", "run"}, environment, dir / "output.log");
  const Ended ended = process.wait();
  const std::string id = "HOLDFAST_TEST_ID=" + dir.path().string();
  return {ended.signaled ? -ended.value : ended.value, process.output(),
          !pids_with_environment(id).empty()};
}

// A port of 127.0.0.1 that is taken as long as this lives.
struct TakenPort {
  TakenPort() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::listen(socket.get(), 1);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    number = ntohs(address.sin_port);
  }
  Fd socket;
  int number = 0;
};

}  // namespace

TEST_CASE("an invalid configuration is refused with all errors and their positions, exit code 78") {
  const Attempt attempt = try_to_run(
      "[supervisor]\nshutdown_dedline = \"30s\"\n\n[program.web]\ncommand = [\"sleep\", \"9\"]\n"
      "replicas = \"two\"\n");
  INFO(attempt.output);
  REQUIRE(attempt.exit_code == 78);
  REQUIRE(attempt.output.find("holdfast.toml:2:") != std::string::npos);
  REQUIRE(attempt.output.find("shutdown_dedline") != std::string::npos);
  REQUIRE(attempt.output.find("shutdown_deadline") != std::string::npos);
  REQUIRE(attempt.output.find("holdfast.toml:6:") != std::string::npos);
  REQUIRE_FALSE(attempt.left_processes);
}

TEST_CASE("a variable that only the supervisor may set is refused in both places, exit code 78") {
  const Attempt in_table = try_to_run(
      "[program.web]\ncommand = [\"sleep\", \"60\"]\nready = \"started\"\n"
      "environment = { HOLDFAST_INSTANCE = \"mine\" }\n");
  INFO(in_table.output);
  CHECK(in_table.exit_code == 78);
  CHECK(in_table.output.find("holdfast.toml:4:17: ") != std::string::npos);
  CHECK_FALSE(in_table.left_processes);

  const TempDir dir;
  std::ofstream(dir / "web.env") << "# ours\nHOLDFAST_INSTANCE=mine\n";
  const Attempt in_file = try_to_run(
      "[program.web]\ncommand = [\"sleep\", \"60\"]\nready = \"started\"\nenv_file = \"" +
      (dir / "web.env").string() + "\"\n");
  INFO(in_file.output);
  CHECK(in_file.exit_code == 78);
  CHECK(in_file.output.find("[program.web] env_file: ") != std::string::npos);
  CHECK(in_file.output.find("web.env:2: 'HOLDFAST_INSTANCE' is set by") != std::string::npos);
  CHECK_FALSE(in_file.left_processes);
}

TEST_CASE("a program that does not exist is named before anything is started, exit code 78") {
  const Attempt attempt = try_to_run(
      "[program.first]\ncommand = [\"sleep\", \"60\"]\nready = \"started\"\n\n"
      "[program.second]\ncommand = [\"no-such-program\"]\nready = \"started\"\n");
  INFO(attempt.output);
  REQUIRE(attempt.exit_code == 78);
  REQUIRE(attempt.output.find("[program.second]") != std::string::npos);
  REQUIRE(attempt.output.find("no-such-program") != std::string::npos);
  REQUIRE_FALSE(attempt.left_processes);
}

TEST_CASE("a dependency cycle is named, exit code 78") {
  const Attempt attempt = try_to_run(
      "[program.a]\ncommand = [\"sleep\", \"60\"]\nafter = [\"b\"]\n\n"
      "[program.b]\ncommand = [\"sleep\", \"60\"]\nafter = [\"a\"]\n");
  INFO(attempt.output);
  REQUIRE(attempt.exit_code == 78);
  REQUIRE(attempt.output.find("a -> b -> a") != std::string::npos);
}

TEST_CASE("a port in use is named with what to do, exit code 69") {
  const TakenPort port;
  const std::string number = std::to_string(port.number);
  SECTION("the public listener's") {
    const Attempt attempt =
        try_to_run("[listen.http]\naddress = \"127.0.0.1:3000\"\n", {{"PORT", number}});
    INFO(attempt.output);
    REQUIRE(attempt.exit_code == 69);
    REQUIRE(attempt.output.find(number) != std::string::npos);
    REQUIRE(attempt.output.find("[listen.http] address (or PORT)") != std::string::npos);
    REQUIRE_FALSE(attempt.left_processes);
  }
  SECTION("the status endpoint's") {
    const Attempt attempt = try_to_run("", {{"STATUS_LISTEN", "127.0.0.1:" + number}});
    INFO(attempt.output);
    REQUIRE(attempt.exit_code == 69);
    REQUIRE(attempt.output.find("status_listen (or STATUS_LISTEN)") != std::string::npos);
    REQUIRE_FALSE(attempt.left_processes);
  }
}

TEST_CASE("in development the first steps are printed once; regained readiness is logged") {
  Stack stack(
      "[listen.http]\naddress = \"127.0.0.1:0\"\n\n[program.plain]\n"
      "command = [\"sleep\", \"600\"]\nready = \"started\"\nsockets = [\"http\"]\n"
      "backoff_base = \"20ms\"\n",
      {{"HOLDFAST_ENV", "development"}});
  stack.wait_ready();
  const auto count = [&](const std::string& text) {
    const std::string log = stack.supervisor().output();
    int found = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
      ++found;
    return found;
  };
  REQUIRE(wait_until([&] { return count("stop    Ctrl-C") == 1; }));
  stack.signal("plain.0", SIGKILL);
  REQUIRE(stack.wait_event("fleet_ready", "ready again after"));
  REQUIRE(wait_until([&] { return count("ready again after") == 1; }));
  REQUIRE(count("stop    Ctrl-C") == 1);
}

TEST_CASE("a state directory that cannot be created is named, exit code 73") {
  const Attempt attempt = try_to_run("", {{"HOLDFAST_STATE_DIR", "/proc/holdfast"}});
  INFO(attempt.output);
  REQUIRE(attempt.exit_code == 73);
  REQUIRE(attempt.output.find("/proc/holdfast") != std::string::npos);
  REQUIRE_FALSE(attempt.left_processes);
}

TEST_CASE("a second supervisor on the same runtime directory is refused, the first runs on") {
  Stack stack("[program.plain]\ncommand = [\"sleep\", \"600\"]\nready = \"started\"\n",
              {{"PORT", "0"}});
  stack.wait_ready();
  const Stack::Answer second = stack.command({"run"});
  INFO(second.output);
  REQUIRE(second.exit_code == 69);
  REQUIRE(second.output.find(std::to_string(stack.supervisor().pid())) != std::string::npos);
  REQUIRE(stack.state_of("plain.0") == "ready");
}

TEST_CASE("check-config prints the result for a good file and the problems of a bad one") {
  TempDir dir;
  std::ofstream(dir / "good.toml") << "[supervisor]\nshutdown_deadline = \"20s\"\n";
  std::ofstream(dir / "bad.toml") << "[supervisor]\nshutdown_deadline = 20\n";
  Process good({bin_dir() / "holdfast", "check-config", dir / "good.toml"}, {}, dir / "good.out");
  REQUIRE(good.wait().value == 0);
  REQUIRE(good.output().find("shutdown_deadline = \"20s\"") != std::string::npos);
  Process bad({bin_dir() / "holdfast", "check-config", dir / "bad.toml"}, {}, dir / "bad.out");
  REQUIRE(bad.wait().value == 78);
  REQUIRE(bad.output().find("bad.toml:2:") != std::string::npos);
}

TEST_CASE("commands without a running supervisor say so and exit 4; wrong usage exits 2") {
  TempDir dir;
  const std::map<std::string, std::string> environment{{"HOLDFAST_RUNTIME_DIR", dir / "run"}};
  for (const char* command : {"status", "reload", "events", "health"}) {
    INFO(command);
    Process process({bin_dir() / "holdfast", command}, environment,
                    dir / (std::string(command) + ".out"));
    REQUIRE(process.wait().value == 4);
    REQUIRE(process.output().find("not running") != std::string::npos);
  }
  Process usage({bin_dir() / "holdfast", "restart"}, environment, dir / "usage.out");
  REQUIRE(usage.wait().value == 2);
  Process version({bin_dir() / "holdfast", "version"}, environment, dir / "version.out");
  REQUIRE(version.wait().value == 0);
  REQUIRE(version.output().find("holdfast ") == 0);
}

TEST_CASE(
    "a relative HOLDFAST_RUNTIME_DIR is relative to the working directory, as in the README") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  Process status(
      {"/usr/bin/env", "--chdir=" + stack.file("").string(), bin_dir() / "holdfast", "status"},
      {{"HOLDFAST_RUNTIME_DIR", "run"}}, stack.file("status.out"));
  CHECK(status.wait().value == 0);
  CHECK(status.output().find("web.0") != std::string::npos);
  // The other commands read the whole configuration.
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"check-config"}, {"api-key", "list"}}) {
    std::vector<std::string> argv{"/usr/bin/env", "--chdir=" + stack.file("").string(),
                                  bin_dir() / "holdfast"};
    argv.insert(argv.end(), words.begin(), words.end());
    Process command(argv, {{"HOLDFAST_RUNTIME_DIR", "run"}, {"HOLDFAST_STATE_DIR", "other"}},
                    stack.file("command.out"));
    command.wait();
    INFO(command.output());
    CHECK(command.output().find("must be an absolute path") == std::string::npos);
  }
}

TEST_CASE("no listener that nobody named: with own programs only, port 3000 stays free") {
  Stack stack(misbehaving("web", {"--ready"}));
  stack.wait_ready();
  nlohmann::json listeners = stack.status()["listeners"];
  listeners.erase("status");
  REQUIRE(listeners.empty());
}
