// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/systemd_time.hpp"

#include "common/schedule/cron.hpp"
#include "tests/support/catch.hpp"

namespace holdfast::supervisor::importer {

TEST_CASE("a moment of systemd's calendar as a cron expression") {
  struct Row {
    const char* text;
    const char* cron;
    const char* timezone;
  };
  const Row row = GENERATE(values<Row>({
      {"minutely", "* * * * *", ""},
      {"hourly", "0 * * * *", ""},
      {"Daily", "0 0 * * *", ""},
      {"weekly", "0 0 * * mon", ""},
      {"monthly", "0 0 1 * *", ""},
      {"quarterly", "0 0 1 1,4,7,10 *", ""},
      {"semiannually", "0 0 1 1,7 *", ""},
      {"yearly", "0 0 1 1 *", ""},
      {"daily UTC", "0 0 * * *", "UTC"},
      {"03:00", "0 3 * * *", ""},
      {"*-*-* 03:30:00", "30 3 * * *", ""},
      {"*-*-* 4:05", "5 4 * * *", ""},
      {"*:0/15", "*/15 * * * *", ""},
      {"*:00/15", "*/15 * * * *", ""},
      {"*:*", "* * * * *", ""},
      {"*-*-* *:00,30:00", "0,30 * * * *", ""},
      {"*-*-* 8..18/2:00", "0 8-18/2 * * *", ""},
      {"*-*-1..7 02:00", "0 2 1-7 * *", ""},
      {"*-01,07-01", "0 0 1 1,7 *", ""},
      {"12-24 18:00", "0 18 24 12 *", ""},
      {"Mon", "0 0 * * mon", ""},
      {"Mon,", "0 0 * * mon", ""},
      {"Mon..Fri 09:00", "0 9 * * mon-fri", ""},
      {"Saturday,Sun *-*-* 10:00", "0 10 * * sat,sun", ""},
      {"Thu..Sun 10:00", "0 10 * * thu-7", ""},
      {"Mon..Fri *-*-* 08:15:00 Europe/Berlin", "15 8 * * mon-fri", "Europe/Berlin"},
  }));
  CAPTURE(row.text);
  const auto time = calendar_time(row.text);
  REQUIRE(time);
  CHECK(time->cron == row.cron);
  CHECK(time->timezone == row.timezone);
  CHECK(schedule::Cron::parse(time->cron));
}

TEST_CASE("a moment that cron cannot express is refused with the reason") {
  struct Row {
    const char* text;
    const char* why;
  };
  const Row row = GENERATE(values<Row>({
      {"2027-01-01 00:00", "no years"},
      {"*-*-* 03:00:30", "no seconds"},
      {"*-*~01", "end of the month"},
      {"Fri *-*-13 00:00", "not on both"},
      {"*-13-01", "not from 1 to 12"},
      {"25:00", "not from 0 to 23"},
      {"03:60", "not from 0 to 59"},
      {"soon", "no date"},
      {"*:0/x", "whole step"},
      {"", "empty"},
  }));
  CAPTURE(row.text);
  const auto time = calendar_time(row.text);
  REQUIRE_FALSE(time);
  CHECK(time.error().message.find(row.why) != std::string::npos);
}

}  // namespace holdfast::supervisor::importer
