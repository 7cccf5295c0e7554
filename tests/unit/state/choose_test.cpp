// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/choose.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;

namespace {

core::ProgramView program(const std::string& name, std::uint32_t slots, bool satisfied) {
  config::Program config;
  config.name = name;
  core::ProgramView view;
  view.config = std::make_shared<const config::Program>(config);
  view.satisfied = satisfied;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    view.slots.emplace_back();
    view.slots.back().id.slot = slot;
  }
  return view;
}

FleetSnapshot fleet() {
  FleetSnapshot snapshot;
  snapshot.view.programs = {program("api", 3, true), program("web", 1, false)};
  return snapshot;
}

}  // namespace

TEST_CASE("a snapshot narrowed to names has these alone, and is ready if they are") {
  const auto api = narrowed(fleet(), {"api"});
  REQUIRE(api);
  REQUIRE(api->view.programs.size() == 1);
  CHECK(api->view.programs[0].slots.size() == 3);
  CHECK(api->view.ready);
  const auto slots = narrowed(fleet(), {"api.2", "api.0"});
  REQUIRE(slots);
  REQUIRE(slots->view.programs[0].slots.size() == 2);
  CHECK(slots->view.programs[0].slots[1].id.slot == 2);
  const auto all = narrowed(fleet(), {"all"});
  REQUIRE(all);
  CHECK(all->view.programs.size() == 2);
  CHECK_FALSE(all->view.ready);
}

TEST_CASE("nothing is ready while the fleet drains, and an unknown name is an error") {
  FleetSnapshot draining = fleet();
  draining.view.draining = true;
  CHECK_FALSE(narrowed(draining, {"api"})->view.ready);
  const auto unknown = narrowed(fleet(), {"apu"});
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().kind == ErrorKind::NotFound);
  CHECK(unknown.error().message.find("did you mean 'api'?") != std::string::npos);
}
