// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/run_times.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

const MonoTime kMono{1000h};
// 2026-11-29 02:30 UTC
const WallTime kWall = std::chrono::sys_days(std::chrono::year(2026) / 11 / 29) + 2h + 30min;

schedule::TimeZone utc() {
  return *schedule::TimeZone::named("UTC");
}

config::Program daily_at_three() {
  config::Program program;
  program.type = config::ProgramType::Oneshot;
  program.schedule = "0 3 * * *";
  program.timezone = "UTC";
  return program;
}

config::Program hourly() {
  config::Program program;
  program.type = config::ProgramType::Oneshot;
  program.every = 1h;
  return program;
}

config::Program catching_up(config::Program program) {
  program.catch_up = true;
  return program;
}

// `passed` by both clocks since the beginning, and `set`: how far the wall clock was moved.
Instant after(Duration passed, Duration set = 0s) {
  return {kMono + passed, kWall + std::chrono::duration_cast<WallTime::duration>(passed + set)};
}

}  // namespace

TEST_CASE("a schedule becomes a monotonic time, and each run leads to the next") {
  RunTimes times(daily_at_three(), utc(), {});
  auto plan = times.begin(after(0s));
  REQUIRE(plan);
  CHECK(plan->at == kMono + 30min);
  CHECK(plan->due == kWall + 30min);
  plan = times.taken(after(30min));
  CHECK(plan->at == kMono + 24h + 30min);
  CHECK(times.last() == kWall + 30min);
  CHECK(plan->missed == 0);
}

TEST_CASE("a timer that fires a little early does not run the same time twice") {
  RunTimes times(daily_at_three(), utc(), {});
  times.begin(after(0s));
  const auto plan = times.taken(after(30min, -400ms));
  CHECK(plan->due == kWall + 24h + 30min);
}

TEST_CASE(
    "the wall clock put forward: a run passed by a minute comes at once, others were missed") {
  RunTimes times(daily_at_three(), utc(), {});
  times.begin(after(0s));
  SECTION("before the run, the wait is shorter") {
    const auto plan = times.clock_set(after(0s, 10min));
    CHECK(plan->at == kMono + 20min);
    CHECK(plan->missed == 0);
  }
  SECTION("just past it") {
    const auto plan = times.clock_set(after(0s, 30min + 20s));
    CHECK(plan->at == kMono);
    CHECK(plan->due == kWall + 30min);
  }
  SECTION("far past it") {
    const auto plan = times.clock_set(after(0s, 49h));
    CHECK(plan->missed == 3);
    CHECK(plan->last_missed == kWall + 48h + 30min);
    CHECK(plan->due == kWall + 72h + 30min);
    CHECK(plan->at == kMono + 23h + 30min);
  }
}

TEST_CASE("catch_up: after the machine has slept, one run makes up for all, at once") {
  RunTimes times(catching_up(daily_at_three()), utc(), {});
  times.begin(after(0s));
  auto plan = times.clock_set(after(0s, 49h));
  CHECK(plan->at == kMono);
  CHECK(plan->missed == 0);
  plan = times.taken(after(0s, 49h));
  CHECK(plan->due == kWall + 72h + 30min);
  CHECK(plan->missed == 0);
}

TEST_CASE("the wall clock put back: what has run does not run again, unless it was set by hours") {
  RunTimes times(daily_at_three(), utc(), {});
  times.begin(after(0s));
  times.taken(after(30min));
  CHECK(times.clock_set(after(31min, -20min))->due == kWall + 24h + 30min);
  // The clock was a year ahead: its times say nothing.
  const auto plan = times.clock_set(after(31min, -24h * 365));
  CHECK(plan->due == kWall + 30min - 24h * 365 + 24h);
}

TEST_CASE("catch_up remembers over restarts: what was due meanwhile runs at once") {
  const WallTime yesterday = kWall - 23h - 30min;  // 03:00
  RunTimes in_time(catching_up(daily_at_three()), utc(), yesterday);
  CHECK(in_time.begin(after(0s))->due == kWall + 30min);
  RunTimes late(catching_up(daily_at_three()), utc(), yesterday - 48h);
  const auto plan = late.begin(after(0s));
  CHECK(plan->at == kMono);
  CHECK(plan->due == yesterday - 24h);  // the first that was missed
  CHECK(late.taken(after(1s))->due == kWall + 30min);
  RunTimes without(daily_at_three(), utc(), yesterday - 48h);
  CHECK(without.begin(after(0s))->due == kWall + 30min);
}

TEST_CASE("every: from run to run on the monotonic clock, whatever the wall clock does") {
  RunTimes times(hourly(), utc(), {});
  auto plan = times.begin(after(0s));
  CHECK(plan->at == kMono + 1h);
  plan = times.clock_set(after(30min, 24h * 365));
  CHECK(plan->at == kMono + 1h);
  CHECK(plan->due == kWall + 1h + 24h * 365);
  plan = times.taken(after(1h + 2s, 24h * 365));
  CHECK(plan->at == kMono + 2h);  // no drift
  CHECK(plan->missed == 0);
  plan = times.taken(after(5h, 24h * 365));
  CHECK(plan->at == kMono + 6h);
  CHECK(plan->missed == 3);
}

TEST_CASE("every with catch_up counts sleep and restarts") {
  RunTimes times(catching_up(hourly()), utc(), {});
  times.begin(after(0s));
  CHECK(times.clock_set(after(1min, 8h))->at == kMono + 1min);
  RunTimes again(catching_up(hourly()), utc(), kWall - 20min);
  CHECK(again.begin(after(0s))->at == kMono + 40min);
  RunTimes late(catching_up(hourly()), utc(), kWall - 5h);
  CHECK(late.begin(after(0s))->at == kMono);
}
