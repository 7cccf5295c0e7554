// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/core/stage.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::supervisor::core;
using namespace holdfast::supervisor::core::test;

namespace {

config::Program reloading(std::string name, std::uint32_t replicas = 1) {
  config::Program program = service(std::move(name), replicas);
  program.reload_signal = SIGHUP;
  return program;
}

}  // namespace

TEST_CASE("a reload tells every ready process of a program with reload_signal, and says so") {
  Stage stage({reloading("nginx", 2), service("other")});
  stage.begin().all_ready().clear().reload({reloading("nginx", 2), service("other")});
  REQUIRE(stage.signals.size() == 2);
  for (const Signal& signal : stage.signals) {
    CHECK(signal.signal == SIGHUP);
    CHECK_FALSE(signal.group);  // a program passes it on to its own children
  }
  REQUIRE(stage.replies.back().ok);
  REQUIRE(stage.replies.back().message == "> nginx: SIGHUP (reload_signal)");
  REQUIRE(stage.message(EventKind::Signalled) ==
          "SIGHUP sent to nginx.0 (incarnation 1) by a reload");
}

TEST_CASE("what a reload replaces is not told: it starts with the new configuration") {
  Stage stage({reloading("nginx")});
  stage.begin().all_ready().clear();
  config::Program changed = reloading("nginx");
  changed.command = {"/bin/other"};
  stage.reload({changed});
  REQUIRE(stage.spawns.size() == 1);
  stage.ready("nginx.0");
  for (const Signal& signal : stage.signals)
    CHECK(signal.signal != SIGHUP);
}

TEST_CASE("a change that replaces nothing is told beside its own line") {
  Stage stage({reloading("nginx")});
  stage.begin().all_ready().clear();
  config::Program changed = reloading("nginx");
  changed.stop_timeout = 33s;
  changed.reload_signal = SIGUSR1;
  stage.reload({changed});
  REQUIRE(stage.signals.size() == 1);
  REQUIRE(stage.signals[0].signal == SIGUSR1);
  REQUIRE(stage.replies.back().message ==
          "~ nginx: reload_signal, stop_timeout\n> nginx: SIGUSR1 (reload_signal)");
}

TEST_CASE("one that is starting is told once it is ready: its handler may not be there yet") {
  Stage stage({reloading("nginx")});
  stage.begin().clear().reload({reloading("nginx")});
  REQUIRE(stage.signals.empty());
  stage.ready("nginx.0");
  REQUIRE(stage.signals.size() == 1);
  REQUIRE(stage.signals[0].signal == SIGHUP);
  stage.clear().exit("nginx.0", 1);
  stage.advance(1s).ready("nginx.0");
  REQUIRE(stage.signals.empty());  // the next one has read the new configuration
}

TEST_CASE("what is stopped, stopping or removed is not told") {
  Stage stage({reloading("a"), reloading("b"), reloading("c")});
  stage.begin().all_ready().command(CommandKind::Stop, "a").exit("a.0", 0);
  stage.command(CommandKind::Stop, "b").clear().reload({reloading("a"), reloading("b")});
  for (const Signal& signal : stage.signals)
    CHECK(signal.signal != SIGHUP);
}
