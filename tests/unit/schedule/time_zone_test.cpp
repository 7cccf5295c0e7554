// SPDX-License-Identifier: Apache-2.0
#include "common/schedule/time_zone.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::schedule;

TEST_CASE("a time zone is found by its name, and what is none is refused") {
  CHECK(TimeZone::named("UTC"));
  CHECK(TimeZone::named("Europe/Berlin"));
  CHECK(TimeZone::named("America/Argentina/Buenos_Aires"));
  for (const char* name : {"", "Europe/Belrin", "CEST+2", "/etc/passwd", "../zoneinfo/UTC"}) {
    INFO(name);
    const auto zone = TimeZone::named(name);
    REQUIRE_FALSE(zone);
    CHECK(zone.error().message.find("is not a time zone") != std::string::npos);
  }
}

TEST_CASE("the local zone is that of TZ, and UTC where that names none") {
  CHECK(TimeZone::local("Asia/Tokyo").name() == "Asia/Tokyo");
  CHECK(TimeZone::local(":Asia/Tokyo").name() == "Asia/Tokyo");
  CHECK(TimeZone::local("nowhere").name() == "UTC");
  CHECK_FALSE(TimeZone::local("").name().empty());
}

TEST_CASE("times are written with the offset that holds at them") {
  const auto berlin = TimeZone::named("Europe/Berlin");
  REQUIRE(berlin);
  CHECK(berlin->format(from_unix_ms(0)) == "1970-01-01T01:00:00+01:00");
  CHECK(berlin->format(from_unix_ms(1'784'116'800'000)) == "2026-07-15T14:00:00+02:00");
  const auto newfoundland = TimeZone::named("America/St_Johns");
  REQUIRE(newfoundland);
  CHECK(newfoundland->format(from_unix_ms(1'784'116'800'000)) == "2026-07-15T09:30:00-02:30");
}
