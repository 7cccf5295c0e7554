// SPDX-License-Identifier: Apache-2.0
#include "common/base/clock.hpp"
#include "common/base/duration.hpp"
#include "common/base/id.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace holdfast;
using namespace std::chrono_literals;

TEST_CASE("a duration is a number with a unit, or several") {
  const std::vector<std::pair<std::string, Duration>> rows{
      {"250ms", 250ms}, {"30s", 30s}, {"1m30s", 90s}, {"2h", 2h}, {"1d", 24h}, {"0s", 0s}};
  for (const auto& [text, expected] : rows) {
    INFO(text);
    REQUIRE(parse_duration(text).value() == expected);
  }
}

TEST_CASE("a duration without a unit, with an unknown one or too long is refused") {
  for (const char* text : {"", "30", "s", "1x", "-5s", "1.5s", "5 s", "99999999999999d"}) {
    INFO(text);
    const auto result = parse_duration(text);
    REQUIRE_FALSE(result);
    REQUIRE(result.error().kind == ErrorKind::InvalidArgument);
  }
}

TEST_CASE("a formatted duration reads back as itself") {
  for (const Duration d : {Duration(1ms), Duration(90s), Duration(26h + 3s), Duration(30s)}) {
    REQUIRE(parse_duration(format_duration(d)).value() == d);
  }
}

TEST_CASE("sizes take binary and decimal units") {
  REQUIRE(parse_bytes("16KiB").value() == 16384);
  REQUIRE(parse_bytes("10MB").value() == 10'000'000);
  REQUIRE_FALSE(parse_bytes("10"));
  REQUIRE_FALSE(parse_bytes("10Mib"));
  REQUIRE_FALSE(parse_bytes("99999999999GiB"));
  REQUIRE(format_bytes(13'002'342) == "12.4 MiB");
}

TEST_CASE("wall time is written as RFC 3339 with milliseconds") {
  REQUIRE(format_rfc3339(from_unix_ms(1795434163476)) == "2026-11-23T11:42:43.476Z");
  REQUIRE(format_rfc3339(from_unix_ms(-1)) == "1969-12-31T23:59:59.999Z");
  REQUIRE(format_rfc3339(from_unix_ms(0)) == "1970-01-01T00:00:00.000Z");
  REQUIRE(format_rfc3339(from_unix_ms(951782400007)) == "2000-02-29T00:00:00.007Z");
  REQUIRE(format_rfc3339(from_unix_ms(4107542399999)) == "2100-02-28T23:59:59.999Z");
}

TEST_CASE("times beyond what nanoseconds can count are written too, and none wraps around") {
  REQUIRE(format_unix_ms(20354198400000) == "2615-01-01T00:00:00.000Z");
  REQUIRE(format_unix_ms(253402300799999) == "9999-12-31T23:59:59.999Z");
  REQUIRE(format_unix_ms(253402300800000) == "9999-12-31T23:59:59.999Z");
  REQUIRE(format_unix_ms(INT64_MAX) == "9999-12-31T23:59:59.999Z");
  REQUIRE(format_unix_ms(-62167219200000) == "0000-01-01T00:00:00.000Z");
  REQUIRE(format_unix_ms(INT64_MIN) == "0000-01-01T00:00:00.000Z");
  REQUIRE(format_rfc3339(from_unix_ms(253402300799999)).starts_with("2262-04-11T23:47:16"));
  REQUIRE(format_rfc3339(from_unix_ms(INT64_MIN)).starts_with("1677-09-21T00:12:43"));
}

TEST_CASE("uuids are version 4, lower case and distinct") {
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = make_uuid();
    REQUIRE(id.size() == 36);
    REQUIRE(id[14] == '4');
    REQUIRE(std::string("89ab").find(id[19]) != std::string::npos);
    REQUIRE(id.find_first_not_of("0123456789abcdef-") == std::string::npos);
    REQUIRE(seen.insert(id).second);
  }
}
