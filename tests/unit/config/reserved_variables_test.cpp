// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

std::string file_that_sets(const std::string& name) {
  return "[program.web]\ncommand = [\"web\"]\nenvironment = { FINE = \"1\", " + name +
         " = \"x\" }\n";
}

}  // namespace

TEST_CASE("a variable that the supervisor sets for each worker is refused in `environment`") {
  for (const std::string name :
       {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID",
        "LISTEN_FDNAMES", "HOLDFAST_WORKER", "HOLDFAST_SLOT", "HOLDFAST_INCARNATION",
        "HOLDFAST_PREDECESSOR", "HOLDFAST_INSTANCE", "HOLDFAST_STATUS_SOCKET", "HOLDFAST_CONFIG"}) {
    const std::string problem = load_bad(file_that_sets(name));
    INFO(problem);
    CHECK(problem.find("holdfast.toml:3:29: [program.web] environment: '" + name +
                       "' is set by the supervisor for each worker; remove it") == 0);
  }
}

TEST_CASE("all reserved variables of a file are refused at once") {
  const std::string problems = load_bad(
      "[program.web]\ncommand = [\"web\"]\n"
      "environment = { HOLDFAST_INSTANCE = \"a\", HOLDFAST_WORKER = \"b\" }\n");
  CHECK(count_lines(problems) == 2);
}

TEST_CASE("a program may set the variables that are the user's, and those that look alike") {
  for (const std::string name :
       {"HOLDFAST_ENV", "HOLDFAST_RUNTIME_DIR", "HOLDFAST_STATE_DIR", "HOLDFAST_INSTANCES",
        "HOLDFAST", "holdfast_instance", "JOURNAL_STREAM"}) {
    const Config config = load_good(file_that_sets(name)).config;
    CHECK(program_named(config, "web").environment.at(name) == "x");
  }
}

}  // namespace holdfast::config
