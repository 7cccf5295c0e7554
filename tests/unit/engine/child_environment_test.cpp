// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

ChildProtocol protocol() {
  ChildProtocol result;
  result.worker = "web.0";
  result.incarnation = 3;
  return result;
}

}  // namespace

TEST_CASE("the layers of an environment: ours, the account's, the env_file's, the table's") {
  config::Program program;
  program.environment = {{"D", "table"}};
  const Environ own{{"A", "own"}, {"B", "own"}, {"C", "own"}, {"D", "own"}};
  const Environ account{{"B", "account"}, {"C", "account"}, {"D", "account"}};
  const Environ file{{"C", "file"}, {"D", "file"}};
  const Environ env = child_environment(own, account, file, program, protocol());
  REQUIRE(env.at("A") == "own");
  REQUIRE(env.at("B") == "account");
  REQUIRE(env.at("C") == "file");
  REQUIRE(env.at("D") == "table");
  REQUIRE(env.at("HOLDFAST_WORKER") == "web.0");
  REQUIRE(env.at("HOLDFAST_INCARNATION") == "3");
}

TEST_CASE("what systemd passed to the supervisor is not passed to its children") {
  const Environ own{{"NOTIFY_SOCKET", "/run/systemd/notify"},
                    {"WATCHDOG_USEC", "1"},
                    {"WATCHDOG_PID", "1"},
                    {"LISTEN_FDS", "1"},
                    {"LISTEN_PID", "1"},
                    {"LISTEN_FDNAMES", "http"},
                    {"HOLDFAST_PREDECESSOR", "exit 1"},
                    {"KEPT", "yes"}};
  const Environ env = child_environment(own, {}, {}, {}, protocol());
  REQUIRE(env ==
          Environ{{"HOLDFAST_INCARNATION", "3"}, {"HOLDFAST_WORKER", "web.0"}, {"KEPT", "yes"}});
}

TEST_CASE("the protocols' variables win over whatever the administrator wrote") {
  config::Program program;
  program.watchdog = 30s;
  program.environment = {{"NOTIFY_SOCKET", "/elsewhere"}, {"LISTEN_FDS", "9"}};
  ChildProtocol all = protocol();
  all.notify_socket = "/run/holdfast/notify.sock";
  all.predecessor = "signal 9 (SIGKILL)";
  all.fd_names = {"http", "telemetry"};
  const Environ env = child_environment({}, {}, {}, program, all);
  REQUIRE(env.at("NOTIFY_SOCKET") == "/run/holdfast/notify.sock");
  REQUIRE(env.at("WATCHDOG_USEC") == "30000000");
  REQUIRE(env.at("HOLDFAST_PREDECESSOR") == "signal 9 (SIGKILL)");
  REQUIRE(env.at("LISTEN_FDS") == "2");
  REQUIRE(env.at("LISTEN_FDNAMES") == "http:telemetry");
}

TEST_CASE("an env_file: comments, quotes, export, and nothing is expanded") {
  const auto env = parse_env_file(
      "# comment\n\nA=1\n  B = two words \nC=\"quoted # no comment\"\nD='$A'\nexport E=5\nF=\n"
      "G=a=b\r\n",
      "file.env");
  REQUIRE(env);
  REQUIRE(*env == Environ{{"A", "1"},
                          {"B", "two words"},
                          {"C", "quoted # no comment"},
                          {"D", "$A"},
                          {"E", "5"},
                          {"F", ""},
                          {"G", "a=b"}});
}

TEST_CASE("a bad line of an env_file is reported with its number") {
  for (const char* line : {"no equals sign", "=value", "9A=1", "A-B=1"}) {
    INFO(line);
    const auto env = parse_env_file(std::string("OK=1\n") + line + "\n", "file.env");
    REQUIRE_FALSE(env);
    REQUIRE(env.error().message == "file.env:2: expected NAME=VALUE");
  }
}
