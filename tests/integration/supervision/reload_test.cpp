// SPDX-License-Identifier: Apache-2.0
// SIGHUP and `holdfast reload`: everything is checked first, and only what changed is touched.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

using namespace holdfast;
using namespace holdfast::test;

TEST_CASE("a reload starts what was added, stops what was removed and leaves the rest alone") {
  Stack stack(misbehaving("kept", {"--ready"}) + misbehaving("gone", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t kept = stack.pid_of("kept.0");
  stack.write_config(misbehaving("kept", {"--ready"}) + misbehaving("added", {"--ready"}));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  REQUIRE(answer.output.find("added") != std::string::npos);
  REQUIRE(answer.output.find("gone") != std::string::npos);
  REQUIRE(stack.wait_state("added.0", "ready"));
  REQUIRE(wait_until([&] { return stack.worker("gone.0").empty(); }));
  REQUIRE(stack.pid_of("kept.0") == kept);
}

TEST_CASE("a changed command is rolled in, a changed threshold is taken without a restart") {
  Stack stack(misbehaving("web", {"--ready"}) + misbehaving("db", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t web = stack.pid_of("web.0");
  const pid_t db = stack.pid_of("db.0");
  stack.write_config(misbehaving("web", {"--print", "second version", "--ready"}) +
                     misbehaving("db", {"--ready"}, "stop_timeout = \"3s\"\n"));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now != web && now > 0 && stack.state_of("web.0") == "ready";
  }));
  REQUIRE(stack.pid_of("db.0") == db);
}

TEST_CASE("a wrong file changes nothing and says why, by command and by SIGHUP") {
  Stack stack(misbehaving("web", {"--ready"}), kNoPort);
  stack.wait_ready();
  const pid_t before = stack.pid_of("web.0");
  stack.write_config("[program.web]\ncomand = [\"sleep\"]\n");
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 1);
  REQUIRE(answer.output.find("comand") != std::string::npos);
  REQUIRE(stack.pid_of("web.0") == before);
  REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_config_last_reload_successful") == 0);

  stack.write_config(misbehaving("web", {"--ready"}));
  stack.supervisor().signal(SIGHUP);
  REQUIRE(wait_until([&] {
    return Stack::sum_of(stack.metrics(), "holdfast_config_last_reload_successful") == 1;
  }));
  REQUIRE(stack.pid_of("web.0") == before);
}
