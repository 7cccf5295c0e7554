// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/variables.hpp"

#include "tests/support/catch.hpp"

#include <set>
#include <string>

using namespace holdfast::protocol;

namespace {

std::set<std::string> names_where(bool (*holds)(const Variable&)) {
  std::set<std::string> names;
  for (const Variable& variable : kVariables) {
    if (holds(variable)) names.emplace(variable.name);
  }
  return names;
}

}  // namespace

TEST_CASE("each variable is listed once") {
  CHECK(names_where([](const Variable&) { return true; }).size() == kVariables.size());
}

TEST_CASE("what the supervisor sets for a worker is reserved") {
  CHECK(names_where([](const Variable& variable) { return is_reserved(variable); }) ==
        std::set<std::string>{"HOLDFAST_CONFIG", "HOLDFAST_INCARNATION", "HOLDFAST_INSTANCE",
                              "HOLDFAST_PREDECESSOR", "HOLDFAST_SLOT", "HOLDFAST_STATUS_SOCKET",
                              "HOLDFAST_WORKER", "LISTEN_FDNAMES", "LISTEN_FDS", "LISTEN_PID",
                              "NOTIFY_SOCKET", "WATCHDOG_PID", "WATCHDOG_USEC"});
  CHECK(is_reserved("HOLDFAST_INSTANCE"));
  CHECK_FALSE(is_reserved("HOLDFAST_INSTANCES"));
  CHECK_FALSE(is_reserved("HOLDFAST_RUNTIME_DIR"));
  CHECK_FALSE(is_reserved("PATH"));
}

TEST_CASE("of the listed variables, workers inherit only what the user sets") {
  CHECK(names_where([](const Variable& variable) { return is_inherited(variable); }) ==
        std::set<std::string>{"HOLDFAST_ENV", "HOLDFAST_RUNTIME_DIR", "HOLDFAST_STATE_DIR",
                              "HOLDFAST_STOP_GRACE"});
}
