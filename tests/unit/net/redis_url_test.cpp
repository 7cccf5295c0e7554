// SPDX-License-Identifier: Apache-2.0
#include "common/net/redis_url.hpp"

#include "tests/support/catch.hpp"

#include <vector>

using namespace holdfast;
using namespace holdfast::net;

TEST_CASE("a Redis URL is split into its parts, and described without its password") {
  struct Row {
    const char* text;
    RedisUrl url;
  };
  const std::vector<Row> rows{
      {"redis://cache", {"", "cache", 6379, "", "", 0}},
      {"redis://cache:6380/3", {"", "cache", 6380, "", "", 3}},
      {"redis://:pw@10.0.0.1/", {"", "10.0.0.1", 6379, "", "pw", 0}},
      {"redis://app:p%40ss%2F@[::1]:7000/1", {"", "::1", 7000, "app", "p@ss/", 1}},
      {"redis://[fe80::1%eth0]", {"", "fe80::1%eth0", 6379, "", "", 0}},
      {"redis://cache_1.db-2.example", {"", "cache_1.db-2.example", 6379, "", "", 0}},
      {"rediss://cache", {"", "cache", 6379, "", "", 0, true}},
      {"rediss://app:pw@cache:6380/2", {"", "cache", 6380, "app", "pw", 2, true}},
      {"unix:///run/redis.sock", {"/run/redis.sock", "", 6379, "", "", 0}},
      {"unix://:pw@/run/redis.sock?db=4", {"/run/redis.sock", "", 6379, "", "pw", 4}},
  };
  for (const Row& row : rows) {
    CAPTURE(row.text);
    const auto url = parse_redis_url(row.text);
    REQUIRE(url);
    CHECK(*url == row.url);
    CHECK_FALSE(url->describe().find("pw") != std::string::npos);
  }
}

TEST_CASE("anything else is refused, and the error does not repeat the password") {
  for (const char* bad : {"",
                          "cache:6379",
                          "http://cache",
                          "rediss://",
                          "rediss://user@cache",
                          "redis://",
                          "redis://:@cache",
                          "redis://user@cache",
                          "redis://cache:0",
                          "redis://cache:x",
                          "redis://cache/x",
                          "redis://:%zz@cache",
                          "redis://:s3cret@cache:x",
                          "redis://:s3cret@",
                          "redis://:%00@cache",
                          "redis://[::1",
                          "unix://run/redis.sock",
                          "unix:///a?x=1",
                          "unix:///a?db=x",
                          "rediss://cache?ssl_cert_reqs=none",
                          "redis://cache:6379?password=s3cret",
                          "redis://a,b",
                          "redis://a:1,b:2",
                          "redis://a b",
                          "redis://ca\u200bche",
                          "redis://cache\n",
                          "redis://[a b]",
                          "redis://a%20b"}) {
    CAPTURE(bad);
    const auto url = parse_redis_url(bad);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind == ErrorKind::InvalidArgument);
    CHECK(url.error().message.find("s3cret") == std::string::npos);
  }
  CHECK_THAT(parse_redis_url("rediss://cache:6379?ssl_cert_reqs=none").error().message,
             Catch::Contains("parameters"));
}
