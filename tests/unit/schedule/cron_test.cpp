// SPDX-License-Identifier: Apache-2.0
#include "common/schedule/cron.hpp"

#include "tests/support/catch.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

using namespace holdfast;
using namespace holdfast::schedule;

namespace {

TimeZone zone(const std::string& name) {
  auto found = TimeZone::named(name);
  if (!found) FAIL(found.error().message);
  return std::move(*found);
}

// "2026-03-29 01:30" in UTC.
WallTime utc(const std::string& text) {
  using namespace std::chrono;
  int y = 0;
  unsigned mo = 0;
  unsigned d = 0;
  int h = 0;
  int mi = 0;
  REQUIRE(std::sscanf(text.c_str(), "%d-%u-%u %d:%d", &y, &mo, &d, &h, &mi) == 5);
  return sys_days(year(y) / month(mo) / day(d)) + hours(h) + minutes(mi);
}

// The next times after `from` (in UTC), as local clocks show them.
std::vector<std::string> next(const std::string& expression, const std::string& where,
                              const std::string& from, int count) {
  const auto cron = Cron::parse(expression);
  if (!cron) FAIL(cron.error().message);
  const TimeZone there = zone(where);
  std::vector<std::string> times;
  WallTime time = utc(from);
  for (int i = 0; i < count; ++i) {
    const auto due = cron->next_after(time, there);
    if (!due) break;
    REQUIRE(*due > time);
    time = *due;
    times.push_back(there.format(time));
  }
  return times;
}

using Times = std::vector<std::string>;

}  // namespace

TEST_CASE("a cron expression is due at the times that it names") {
  struct Row {
    const char* expression;
    const char* from;
    Times times;
  };
  const std::vector<Row> rows{
      {"0 3 * * *", "2026-11-29 02:59", {"2026-11-29T03:00:00Z", "2026-11-30T03:00:00Z"}},
      {"0 3 * * *", "2026-11-29 03:00", {"2026-11-30T03:00:00Z"}},
      {"*/15 * * * *", "2026-11-29 03:50", {"2026-11-29T04:00:00Z", "2026-11-29T04:15:00Z"}},
      {"5,35 8-10/2 * * *",
       "2026-11-29 08:10",
       {"2026-11-29T08:35:00Z", "2026-11-29T10:05:00Z", "2026-11-29T10:35:00Z",
        "2026-11-30T08:05:00Z"}},
      {"0 0 * * mon", "2026-11-29 12:00", {"2026-11-30T00:00:00Z", "2026-12-07T00:00:00Z"}},
      {"0 0 * * 7", "2026-11-28 12:00", {"2026-11-29T00:00:00Z", "2026-12-06T00:00:00Z"}},
      {"0 0 * * 0", "2026-11-28 12:00", {"2026-11-29T00:00:00Z"}},
      {"0 0 * * Sat-Sun", "2026-11-27 12:00", {"2026-11-28T00:00:00Z", "2026-11-29T00:00:00Z"}},
      {"0 0 1 JAN,jul *", "2026-11-29 00:00", {"2027-01-01T00:00:00Z", "2027-07-01T00:00:00Z"}},
      {"0 0 31 * *",
       "2026-11-29 00:00",
       {"2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z", "2027-03-31T00:00:00Z"}},
      {"0 0 29 2 *", "2026-11-29 00:00", {"2028-02-29T00:00:00Z", "2032-02-29T00:00:00Z"}},
      {"0 0 29 2 *", "2096-03-01 00:00", {"2104-02-29T00:00:00Z"}},  // 2100 is no leap year
      {"  0  3\t* * *  ", "2026-11-29 02:59", {"2026-11-29T03:00:00Z"}},
      // Both days restricted: either is enough.
      {"0 0 13 * fri",
       "2026-11-01 00:00",
       {"2026-11-06T00:00:00Z", "2026-11-13T00:00:00Z", "2026-11-20T00:00:00Z",
        "2026-11-27T00:00:00Z", "2026-12-04T00:00:00Z", "2026-12-11T00:00:00Z",
        "2026-12-13T00:00:00Z"}},
      // One of them begins with a star: both must hold.
      {"0 0 */2 * sun", "2026-11-01 00:00", {"2026-11-15T00:00:00Z", "2026-11-29T00:00:00Z"}},
      {"@hourly", "2026-11-29 03:50", {"2026-11-29T04:00:00Z"}},
      {"@daily", "2026-11-29 03:50", {"2026-11-30T00:00:00Z"}},
      {"@midnight", "2026-11-29 03:50", {"2026-11-30T00:00:00Z"}},
      {"@weekly", "2026-11-29 03:50", {"2026-12-06T00:00:00Z"}},
      {"@monthly", "2026-11-29 03:50", {"2026-12-01T00:00:00Z"}},
      {"@yearly", "2026-11-29 03:50", {"2027-01-01T00:00:00Z"}},
      {"@Annually", "2026-11-29 03:50", {"2027-01-01T00:00:00Z"}},
  };
  for (const Row& row : rows) {
    INFO(row.expression << " after " << row.from);
    CHECK(next(row.expression, "UTC", row.from, static_cast<int>(row.times.size())) == row.times);
  }
}

TEST_CASE("local time is that of the time zone, summer and winter") {
  CHECK(next("0 3 * * *", "Europe/Berlin", "2026-01-15 12:00", 1) ==
        Times{"2026-01-16T03:00:00+01:00"});
  CHECK(next("0 3 * * *", "Europe/Berlin", "2026-07-15 12:00", 1) ==
        Times{"2026-07-16T03:00:00+02:00"});
  CHECK(next("0 9 * * *", "Asia/Kathmandu", "2026-07-15 12:00", 1) ==
        Times{"2026-07-16T09:00:00+05:45"});
  CHECK(next("30 23 * * *", "America/New_York", "2026-01-15 12:00", 1) ==
        Times{"2026-01-15T23:30:00-05:00"});
}

// Berlin: on 29 March 2026 02:00 becomes 03:00.
TEST_CASE("a time that is skipped when clocks go forward is due at that moment, once") {
  CHECK(
      next("30 2 * * *", "Europe/Berlin", "2026-03-28 00:00", 3) ==
      Times{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"});
  CHECK(next("0,20,40 2 * * *", "Europe/Berlin", "2026-03-28 02:00", 2) ==
        Times{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"});
  // Also due at that moment itself: still once.
  CHECK(next("0 2,3 * * *", "Europe/Berlin", "2026-03-28 12:00", 2) ==
        Times{"2026-03-29T03:00:00+02:00", "2026-03-30T02:00:00+02:00"});
  // Asked in the minute before, and at the moment itself.
  CHECK(next("30 2 * * *", "Europe/Berlin", "2026-03-29 00:59", 1) ==
        Times{"2026-03-29T03:00:00+02:00"});
  CHECK(next("30 2 * * *", "Europe/Berlin", "2026-03-29 01:00", 1) ==
        Times{"2026-03-30T02:30:00+02:00"});
  // Half an hour: Lord Howe Island.
  CHECK(next("15 2 * * *", "Australia/Lord_Howe", "2026-10-03 12:00", 2) ==
        Times{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"});
  // A whole day: Samoa had no 30 December 2011.
  CHECK(
      next("0 9 * * *", "Pacific/Apia", "2011-12-29 12:00", 3) ==
      Times{"2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"});
}

// Berlin: on 25 October 2026 03:00 becomes 02:00.
TEST_CASE("a time that is repeated when clocks go back is due the first time only") {
  CHECK(next("30 2 * * *", "Europe/Berlin", "2026-10-24 12:00", 2) ==
        Times{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"});
  CHECK(next("0 3 * * *", "Europe/Berlin", "2026-10-24 12:00", 2) ==
        Times{"2026-10-25T03:00:00+01:00", "2026-10-26T03:00:00+01:00"});
  CHECK(next("30 1-3 * * *", "Europe/Berlin", "2026-10-24 12:00", 4) ==
        Times{"2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T03:30:00+01:00",
              "2026-10-26T01:30:00+01:00"});
}

TEST_CASE("an expression for every hour follows real time through both changes") {
  CHECK(
      next("30 * * * *", "Europe/Berlin", "2026-03-29 00:00", 3) ==
      Times{"2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"});
  CHECK(next("30 * * * *", "Europe/Berlin", "2026-10-24 23:45", 4) ==
        Times{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00",
              "2026-10-25T04:30:00+01:00"});
}

TEST_CASE("what is wrong with an expression is said with its field") {
  struct Row {
    const char* expression;
    const char* message;
  };
  const std::vector<Row> rows{
      {"", "has 0 fields; a schedule has five"},
      {"0 3 * *", "has 4 fields"},
      {"0 0 3 * * *", "has 6 fields"},
      {"60 * * * *", "the minute: '60' is not one of 0 to 59"},
      {"* 24 * * *", "the hour: '24' is not one of 0 to 23"},
      {"* * 0 * *", "the day of the month: '0' is not one of 1 to 31"},
      {"* * * 13 *", "the month: '13' is not one of 1 to 12, or jan to dec"},
      {"* * * foo *", "the month: 'foo' is not one"},
      {"* * * * 8", "the weekday: '8' is not one of 0 to 7, or sun to sat"},
      {"* * * * monday", "'monday' is not one of"},
      {"*/0 * * * *", "the step in '*/0' is not a number from 1 to 59"},
      {"*/x * * * *", "the step in '*/x'"},
      {"5/15 * * * *", "a step needs a range: '5-59/15'"},
      {"30-10 * * * *", "the range '30-10' goes down"},
      {"1,,2 * * * *", "nothing stands beside a comma"},
      {"1- * * * *", "'' is not one of"},
      {"-1 * * * *", "'' is not one of"},
      {"+1 * * * *", "'+1' is not one of"},
      {"0 0 L * *", "'L' is not one of"},
      {"0 0 ? * *", "'?' is not one of"},
      {"0 0 * * 5#3", "'5#3' is not one of"},
      {"0 0 31 2 *", "is never due"},
      {"0 0 31 4,6,9,11 *", "is never due"},
      {"@reboot", "run_at_start = true"},
      {"@every 1h", "every = \"1h\""},
      {"@fortnightly", "'@fortnightly' is not known"},
  };
  for (const Row& row : rows) {
    INFO(row.expression);
    const auto cron = Cron::parse(row.expression);
    REQUIRE_FALSE(cron);
    INFO(cron.error().message);
    CHECK(cron.error().message.find(row.message) != std::string::npos);
  }
}

TEST_CASE("the next time is the first one: it agrees with a walk over every minute") {
  const char* const expressions[] = {"7 2 * * *", "*/7 1-3 * * *", "0 */2 * * *", "59 23 * * *",
                                     "30 0,2,3 * * 0"};
  for (const char* where : {"Europe/Berlin", "America/St_Johns", "UTC"}) {
    const TimeZone there = zone(where);
    for (const char* expression : expressions) {
      INFO(expression << " in " << where);
      const auto cron = Cron::parse(expression);
      REQUIRE(cron);
      // Away from changes of the clocks.
      for (WallTime time = utc("2026-05-02 00:00"); time < utc("2026-05-04 00:00");
           time += std::chrono::minutes(37)) {
        const auto offset = there.at(std::chrono::floor<std::chrono::seconds>(time)).offset;
        WallTime walk = std::chrono::floor<std::chrono::minutes>(time);
        const auto due = cron->next_after(time, there);
        REQUIRE(due);
        do {
          walk += std::chrono::minutes(1);
          const LocalMinute local{
              std::chrono::floor<std::chrono::minutes>(walk.time_since_epoch() + offset)};
          if (cron->first_in(local, local + std::chrono::minutes(1))) break;
        } while (walk < *due);
        REQUIRE(walk == *due);
      }
    }
  }
}
