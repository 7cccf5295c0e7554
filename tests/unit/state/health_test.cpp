// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/health.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;

namespace {

// A required program with one slot that is not ready.
FleetSnapshot waiting_for_api() {
  config::Program config;
  config.name = "api";
  core::ProgramView program;
  program.config = std::make_shared<const config::Program>(config);
  program.wanted = 1;
  program.slots.resize(1);
  program.slots[0].state = core::SlotState::Starting;
  FleetSnapshot snapshot;
  snapshot.view.programs.push_back(program);
  return snapshot;
}

}  // namespace

TEST_CASE("a stack that waits for its first start is starting") {
  const FleetSnapshot snapshot = waiting_for_api();
  CHECK(health_of(snapshot) == FleetHealth::Starting);
  CHECK(shortfall(snapshot.view.programs[0]) == "api: 0 ready, at least 1 needed");
}

TEST_CASE("a stack whose required program was stopped by hand is degraded, not starting") {
  FleetSnapshot snapshot = waiting_for_api();
  core::ProgramView& program = snapshot.view.programs[0];
  program.slots[0].state = core::SlotState::Stopped;
  program.slots[0].stopped_by_hand = true;
  CHECK(health_of(snapshot) == FleetHealth::Degraded);
  CHECK(shortfall(program) == "api: 0 ready, at least 1 needed (stopped by a command)");

  SECTION("of a program that keeps enough workers, it is ready") {
    program.satisfied = snapshot.view.ready = true;
    CHECK(health_of(snapshot) == FleetHealth::Ready);
  }
  SECTION("of a program that is not required, it is ready") {
    config::Program optional = *program.config;
    optional.required = false;
    program.config = std::make_shared<const config::Program>(optional);
    snapshot.view.ready = true;
    CHECK(health_of(snapshot) == FleetHealth::Ready);
  }
  SECTION("once it is started again, it is starting") {
    program.slots[0].state = core::SlotState::Starting;
    program.slots[0].stopped_by_hand = false;
    CHECK(health_of(snapshot) == FleetHealth::Starting);
  }
}

TEST_CASE("a program that waits for a command is not missed, but one that waits for it is") {
  FleetSnapshot snapshot = waiting_for_api();
  snapshot.view.programs[0].dormant = true;
  snapshot.view.ready = true;
  CHECK(health_of(snapshot) == FleetHealth::Ready);

  config::Program config;
  config.name = "web";
  config.after = {"api"};
  core::ProgramView web = snapshot.view.programs[0];
  web.dormant = false;
  web.config = std::make_shared<const config::Program>(config);
  snapshot.view.programs.push_back(web);
  snapshot.view.ready = false;
  CHECK(health_of(snapshot) == FleetHealth::Degraded);  // nothing is on its way
}
