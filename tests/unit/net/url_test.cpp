// SPDX-License-Identifier: Apache-2.0
#include "common/net/url.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::http;

TEST_CASE("URLs are taken apart") {
  const auto http = parse_url("HTTP://Example.org/a?b=c#d");
  REQUIRE(http);
  CHECK(http->scheme == Url::Scheme::Http);
  CHECK(http->host == "Example.org");
  CHECK(http->port == 80);
  CHECK(http->target == "/a?b=c");
  CHECK(http->host_field() == "Example.org");

  const auto https = parse_url("https://[::1]:8443?x");
  REQUIRE(https);
  CHECK(https->scheme == Url::Scheme::Https);
  CHECK(https->host == "::1");
  CHECK(https->target == "/?x");
  CHECK(https->host_field() == "[::1]:8443");
  CHECK(https->base() == "https://[::1]:8443");

  const auto local = parse_url("unix:/run/a b.sock:/metrics?x=:/");
  CHECK_FALSE(local);  // a space
  const auto socket = parse_url("unix:/run/api.0.sock:/metrics?x=:/");
  REQUIRE(socket);
  CHECK(socket->socket_path == "/run/api.0.sock");
  CHECK(socket->target == "/metrics?x=:/");
  CHECK(socket->host_field() == "localhost");
  CHECK(parse_url("unix:/run/s")->target == "/");
}

TEST_CASE("What is no URL of ours is refused") {
  for (const std::string_view text :
       {"", "example.org", "ftp://a/", "http://", "http:///a", "http://a:0/", "http://a:65536/",
        "http://a:x/", "http://a:/", "http://u:p@a/", "http://a b/", "http://a/\r\nX: y",
        "http://[::1/", "http://[]/", "http://[::1]x/", "http://::1/", "unix:", "unix:relative",
        "unix::/x"}) {
    CAPTURE(text);
    const auto parsed = parse_url(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == holdfast::ErrorKind::InvalidArgument);
  }
}
