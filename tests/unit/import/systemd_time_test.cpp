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

TEST_CASE("a time of systemd is read in all its units") {
  using namespace std::chrono_literals;
  struct Row {
    const char* text;
    std::optional<Duration> time;
  };
  const Row row = GENERATE(values<Row>({
      {"90", 90s},
      {"1min 30s", 90s},
      {"1.5h", 90min},
      {"2h30min", 150min},
      {"500us", 500us},
      {"3usec", 3us},
      {"4μs 4µs", 8us},
      {"20msec", 20ms},
      {"3 days", 72h},
      {"1w", 168h},
      {"2 weeks 1week", 504h},
      {"1M", 2630016s},
      {"1m", 60s},
      {"2 months", 5260032s},
      {"1month", 2630016s},
      {"1y", 31557600s},
      {"2years 1 year", 94672800s},
      {"infinity", std::nullopt},
      {"soon", std::nullopt},
      {"5 fortnights", std::nullopt},
      {"", std::nullopt},
      {"99999999999999999999y", std::nullopt},
  }));
  CAPTURE(row.text);
  CHECK(time_span(row.text) == row.time);
}

}  // namespace holdfast::supervisor::importer
