// SPDX-License-Identifier: Apache-2.0
#pragma once

// RunTimes: when one program with a schedule runs next, as monotonic time. It is told the time on
// both clocks with each question; Schedules asks again when the clocks of the machine are set.
//
// `schedule` follows the wall clock. If that is put forward, past a run, the run comes at once with
// catch_up or if it is late by a minute at most, else it was missed. If it is put back by three
// hours at most, what has run does not run again. `every` follows the monotonic clock from run to
// run, whatever the wall clock does; with catch_up, what was due while the machine slept, or while
// the supervisor did not run, comes at once. However many runs have been missed, one makes up for
// them.
//
// Threads: one; pure.

#include "common/base/clock.hpp"
#include "common/config/config.hpp"
#include "common/schedule/cron.hpp"
#include "common/schedule/time_zone.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace holdfast::supervisor {

struct Instant {
  MonoTime mono;
  WallTime wall;
};

class RunTimes {
 public:
  // `program` is valid and has a schedule. `local`: for timezone = "local". `last`: the time of its
  // last run, if that is known from before.
  RunTimes(const config::Program& program, const schedule::TimeZone& local,
           std::optional<WallTime> last);

  struct Plan {
    MonoTime at{};
    WallTime due{};  // the time that the run is for
    std::uint64_t missed = 0;
    WallTime last_missed{};
  };
  // The first plan; nothing if the expression is never due again, as for all that follows.
  std::optional<Plan> begin(Instant now);
  // The planned time has come and its run is taken.
  std::optional<Plan> taken(Instant now);
  // The wall clock was set, or the machine has slept.
  std::optional<Plan> clock_set(Instant now);

  std::optional<WallTime> last() const { return last_; }
  const schedule::TimeZone& zone() const { return zone_; }

 private:
  std::optional<Plan> plan(MonoTime at, std::optional<WallTime> due);
  std::optional<Plan> next_on_wall(Instant now);
  void count_missed(Plan& plan, WallTime from, WallTime until) const;

  schedule::TimeZone zone_;
  std::optional<schedule::Cron> cron_;  // none: `every`
  Duration every_;
  bool catch_up_;
  std::optional<WallTime> last_;
  std::optional<Plan> planned_;
};

}  // namespace holdfast::supervisor
