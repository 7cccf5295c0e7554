// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/reload_diff.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace std::chrono_literals;
using config::Program;

namespace {

// Every field of a program, changed.
Program everything_else() {
  Program p;
  p.command = {"other"};
  p.type = config::ProgramType::Oneshot;
  p.replicas = 7;
  p.min_ready = 3;
  p.required = false;
  p.after = {"x"};
  p.sockets = {"http"};
  p.directory = "/tmp";
  p.environment = {{"A", "1"}};
  p.env_file = "/etc/x";
  p.user = "u";
  p.group = "g";
  p.umask = 027;
  p.rlimits = {{"nofile", 10}};
  p.ready = config::ReadyKind::Http;
  p.ready_target = "http://x";
  p.ready_timeout = 1s;
  p.ready_interval = 1s;
  p.restart = config::RestartPolicy::Never;
  p.settled_after = 1s;
  p.backoff_base = 1s;
  p.backoff_factor = 3;
  p.backoff_cap = 1s;
  p.backoff_jitter = 0.5;
  p.backoff_reset = 1s;
  p.crash_loop_exits = 2;
  p.crash_loop_window = 1s;
  p.crash_loop_retry = 1s;
  p.watchdog = 1s;
  p.watchdog_interval = 1s;
  p.watchdog_grace = 1s;
  p.stop_signal = 2;
  p.stop_timeout = 1s;
  p.metrics = "off";
  return p;
}

}  // namespace

TEST_CASE("a shared section that changed asks for a rolling restart, and is named") {
  Program before;
  before.uses = {{"http", 1}, {"store", 2}};
  Program after = before;
  after.uses["http"] = 3;
  const ProgramDiff diff = diff_program(before, after);
  CHECK(diff.launch == std::vector<std::string>{"[http]"});
  copy_launch_fields(after, before);
  CHECK(diff_program(before, after).empty());
}

TEST_CASE("equal programs differ in nothing") {
  REQUIRE(diff_program(Program{}, Program{}).empty());
  REQUIRE(diff_program(everything_else(), everything_else()).empty());
}

TEST_CASE("every field is known to the diff: launch, hot or replicas") {
  const ProgramDiff diff = diff_program(Program{}, everything_else());
  REQUIRE(diff.launch.size() == 13);
  REQUIRE(diff.hot.size() == 20);
  REQUIRE(diff.replicas);
  // Applying the launch fields leaves exactly the others.
  Program mixed;
  copy_launch_fields(everything_else(), mixed);
  const ProgramDiff rest = diff_program(mixed, everything_else());
  REQUIRE(rest.launch.empty());
  REQUIRE(rest.hot == diff.hot);
}

TEST_CASE("the diff names what changed and what it means") {
  Program before;
  Program after;
  before.name = after.name = "api-worker";
  after.command = {"new"};
  after.stop_timeout = 20s;
  after.replicas = 3;
  REQUIRE(describe(diff_program(before, after), before, after) ==
          "~ api-worker: command, stop_timeout, replicas 1 -> 3 (rolling restart)");
  after.command = before.command;
  REQUIRE(describe(diff_program(before, after), before, after) ==
          "~ api-worker: stop_timeout, replicas 1 -> 3");
}

TEST_CASE("settings that only a new supervisor can use are named as such") {
  config::Supervisor before;
  config::Supervisor after;
  after.max_starting = 8;
  after.status_listen = "";
  REQUIRE(diff_supervisor(before, after) ==
          std::vector<std::string>{"max_starting", "status_listen (at the next start)"});
  REQUIRE(diff_supervisor(before, before).empty());
}
