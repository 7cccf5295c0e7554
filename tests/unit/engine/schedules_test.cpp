// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/schedules.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"
#include "tests/support/temp_dir.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

struct Fixture {
  test::ManualClock clock;
  test::TempDir dir;
  log::Logger log{[] {
    log::LogOptions options;
    options.write = [](std::string_view) {};
    return options;
  }()};
  config::Config config;
  std::vector<core::Event> events;

  explicit Fixture(const std::string& expression, bool catch_up = false) {
    clock.set_wall(std::chrono::sys_days(std::chrono::year(2026) / 11 / 29) + 2h + 30min);
    config::Program program;
    program.name = "backup";
    program.type = config::ProgramType::Oneshot;
    program.schedule = expression;
    program.catch_up = catch_up;
    config.programs = {program};
  }
  Schedules make() {
    return {clock, log, dir.path(), "Europe/Berlin",
            [this](core::Event event) { events.push_back(std::move(event)); }};
  }
  const core::RunPlanned& planned() {
    REQUIRE_FALSE(events.empty());
    REQUIRE(std::holds_alternative<core::RunPlanned>(events.back()));
    return std::get<core::RunPlanned>(events.back());
  }
};

}  // namespace

TEST_CASE("the core's question is answered with a monotonic time, for people in local time") {
  Fixture f("0 5 * * *");
  Schedules schedules = f.make();
  schedules.plan({"backup", false}, f.config);
  CHECK(f.planned().program == "backup");
  CHECK(f.planned().at == f.clock.mono() + 1h + 30min);
  CHECK(f.planned().due == "2026-11-29T05:00:00+01:00");
  f.clock.advance(90min);
  schedules.plan({"backup", true}, f.config);
  CHECK(f.planned().at == f.clock.mono() + 24h);
}

TEST_CASE("a clock that is set is noticed, one that is slewed is not") {
  Fixture f("0 5 * * *");
  Schedules schedules = f.make();
  schedules.plan({"backup", false}, f.config);
  f.events.clear();
  f.clock.advance(1s);
  f.clock.step_wall(100ms);
  schedules.check_clock();
  CHECK(f.events.empty());
  f.clock.step_wall(-30min);
  schedules.check_clock();
  CHECK(f.planned().at - f.clock.mono() > 119min);
  f.clock.step_wall(48h);
  schedules.check_clock();
  REQUIRE(f.events.size() == 3);
  const auto& missed = std::get<core::RunsMissed>(f.events[1]);
  CHECK(missed.count == 2);
  CHECK(missed.due == "2026-11-30T05:00:00+01:00");
}

TEST_CASE("with catch_up the next supervisor knows when it ran; without, nothing is written") {
  Fixture f("0 5 * * *", true);
  {
    Schedules schedules = f.make();
    schedules.plan({"backup", false}, f.config);
    f.clock.advance(90min);
    schedules.plan({"backup", true}, f.config);
  }
  f.clock.advance(30h);  // the machine was off
  Schedules next = f.make();
  next.plan({"backup", false}, f.config);
  CHECK(f.planned().at == f.clock.mono());
  CHECK(f.planned().due == "2026-11-30T05:00:00+01:00");

  Fixture g("0 5 * * *");
  Schedules forgetful = g.make();
  forgetful.plan({"backup", false}, g.config);
  g.clock.advance(90min);
  forgetful.plan({"backup", true}, g.config);
  CHECK_FALSE(std::filesystem::exists(g.dir / "schedules"));
}

TEST_CASE("a program that is gone from the configuration is not planned any more") {
  Fixture f("0 5 * * *");
  Schedules schedules = f.make();
  schedules.plan({"backup", false}, f.config);
  f.events.clear();
  f.config.programs.clear();
  schedules.plan({"backup", true}, f.config);
  f.clock.step_wall(48h);
  schedules.check_clock();
  CHECK(f.events.empty());
}
