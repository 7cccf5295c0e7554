// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

// Only the supervisor sets these.
const std::vector<std::string> kReserved{
    "NOTIFY_SOCKET",        "WATCHDOG_USEC",     "WATCHDOG_PID",           "LISTEN_FDS",
    "LISTEN_PID",           "LISTEN_FDNAMES",    "HOLDFAST_WORKER",        "HOLDFAST_SLOT",
    "HOLDFAST_INCARNATION", "HOLDFAST_INSTANCE", "HOLDFAST_STATUS_SOCKET", "HOLDFAST_PREDECESSOR",
    "HOLDFAST_CONFIG"};

ChildProtocol web_worker() {
  ChildProtocol result;
  result.worker = "web.2";
  result.slot = 2;
  result.incarnation = 3;
  result.instance = "4711-1";
  return result;
}

}  // namespace

TEST_CASE("later layers win: the supervisor's own, the account's, the env_file's, the table's") {
  config::Program program;
  program.environment = {{"D", "table"}};
  const Environ own{{"A", "own"}, {"B", "own"}, {"C", "own"}, {"D", "own"}};
  const Environ account{{"B", "account"}, {"C", "account"}, {"D", "account"}};
  program.env_file_values = {{"C", "file"}, {"D", "file"}};
  const Environ env = child_environment(own, account, program, web_worker());
  REQUIRE(env.at("A") == "own");
  REQUIRE(env.at("B") == "account");
  REQUIRE(env.at("C") == "file");
  REQUIRE(env.at("D") == "table");
  REQUIRE(env.at("HOLDFAST_WORKER") == "web.2");
  REQUIRE(env.at("HOLDFAST_INCARNATION") == "3");
}

TEST_CASE("what was addressed to the supervisor itself is not passed on to its children") {
  Environ own{{"KEPT", "yes"},
              {"HOLDFAST_ENV", "production"},
              {"INVOCATION_ID", "x"},
              {"MANAGERPID", "1"},
              {"JOURNAL_STREAM", "8:1"}};
  for (const std::string& name : kReserved)
    own[name] = "from outside";
  const Environ env = child_environment(own, {}, {}, web_worker());
  REQUIRE(env == Environ{{"HOLDFAST_ENV", "production"},
                         {"HOLDFAST_INCARNATION", "3"},
                         {"HOLDFAST_INSTANCE", "4711-1"},
                         {"HOLDFAST_SLOT", "2"},
                         {"HOLDFAST_WORKER", "web.2"},
                         {"KEPT", "yes"}});
}

TEST_CASE("no layer overrides or adds a variable that only the supervisor sets") {
  Environ layer;
  for (const std::string& name : kReserved)
    layer[name] = "overridden";
  config::Program program;
  program.environment = layer;
  program.env_file_values = layer;
  const Environ env = child_environment(layer, layer, program, web_worker());
  REQUIRE(env == Environ{{"HOLDFAST_INCARNATION", "3"},
                         {"HOLDFAST_INSTANCE", "4711-1"},
                         {"HOLDFAST_SLOT", "2"},
                         {"HOLDFAST_WORKER", "web.2"}});
}

TEST_CASE("a child is told who it is and how to reach the supervisor") {
  config::Program program;
  program.watchdog = 30s;
  ChildProtocol all = web_worker();
  all.notify_socket = "/run/holdfast/notify.sock";
  all.predecessor = "signal 9 (SIGKILL)";
  all.fd_names = {"http", "telemetry"};
  const Environ env = child_environment({}, {}, program, all);
  REQUIRE(env.at("NOTIFY_SOCKET") == "/run/holdfast/notify.sock");
  REQUIRE(env.at("WATCHDOG_USEC") == "30000000");
  REQUIRE(env.at("HOLDFAST_PREDECESSOR") == "signal 9 (SIGKILL)");
  REQUIRE(env.at("LISTEN_FDS") == "2");
  REQUIRE(env.at("LISTEN_FDNAMES") == "http:telemetry");
}

TEST_CASE("the stack's secrets reach Holdfast's own workers, and others only if they ask") {
  const Environ own{{"API_TOKEN", "t"},
                    {"AUTH_SALT", "s"},
                    {"BROKER", "amqp://me:pw@mq/"},
                    {"DATABASE_URL", "sqlite:///x.db"},
                    {"DATABASE_URL_FILE", "/run/secrets/database"},
                    {"DB_PASSWORD", "p"},
                    {"LANG", "C.UTF-8"},
                    {"MODE", "fast"},
                    {"PWD", "/srv"},
                    {"REDIS_URL", "redis://cache/0"}};
  const auto names = [&](const config::Program& program, bool is_own) {
    ChildProtocol child;
    child.own = is_own;
    std::vector<std::string> result;
    for (const auto& [name, value] : child_environment(own, {}, program, child)) {
      if (name != "HOLDFAST_SLOT") result.push_back(name);
    }
    return result;
  };
  config::Program program;
  CHECK(names(program, true).size() == own.size());
  CHECK(names(program, false) == std::vector<std::string>{"LANG", "MODE", "PWD"});
  program.inherit = {"DATABASE_URL", "DB_*"};
  CHECK(names(program, false) ==
        std::vector<std::string>{"DATABASE_URL", "DB_PASSWORD", "LANG", "MODE", "PWD"});
}

TEST_CASE("what a program's own section sets is its own, however secret it sounds") {
  config::Program program;
  program.environment = {{"API_TOKEN", "of the table"}};
  program.env_file_values = {{"DB_PASSWORD", "of the file"}};
  const Environ env = child_environment({{"API_TOKEN", "of the stack"}}, {}, program, web_worker());
  CHECK(env.at("API_TOKEN") == "of the table");
  CHECK(env.at("DB_PASSWORD") == "of the file");
}
