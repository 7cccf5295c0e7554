// SPDX-License-Identifier: Apache-2.0
#include "common/net/url.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::net;

TEST_CASE("a URL is split into its parts") {
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
  REQUIRE(local);  // a directory may be called so
  CHECK(local->socket_path == "/run/a b.sock");
  CHECK(parse_url("unix:/run/#1.sock:/metrics#x")->socket_path == "/run/#1.sock");
  CHECK(parse_url("unix:/run/#1.sock:/metrics#x")->target == "/metrics");
  CHECK_FALSE(parse_url("unix:/run/a.sock:/metrics x"));
  CHECK_FALSE(parse_url("unix:/run/a\nb.sock:/metrics"));
  const auto socket = parse_url("unix:/run/api.0.sock:/metrics?x=:/");
  REQUIRE(socket);
  CHECK(socket->socket_path == "/run/api.0.sock");
  CHECK(socket->target == "/metrics?x=:/");
  CHECK(socket->host_field() == "localhost");
  CHECK(parse_url("unix:/run/s")->target == "/");
}

TEST_CASE("anything else is refused") {
  for (const std::string_view text : {"",
                                      "example.org",
                                      "ftp://a/",
                                      "http://",
                                      "http:///a",
                                      "http://a:0/",
                                      "http://a:65536/",
                                      "http://a:x/",
                                      "http://a:/",
                                      "http://u:p@a/",
                                      "http://a b/",
                                      "http://a/\r\nX: y",
                                      "http://[::1/",
                                      "http://[]/",
                                      "http://[a]/",
                                      "http://[::1]x/",
                                      "http://::1/",
                                      "unix:",
                                      "unix:relative",
                                      "unix::/x"}) {
    CAPTURE(text);
    const auto parsed = parse_url(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == holdfast::ErrorKind::InvalidArgument);
  }
}

TEST_CASE("a URL without a path gets the default target") {
  CHECK(parse_url("http://a")->target == "/");
  CHECK(parse_url("http://a", "/ready")->target == "/ready");
  CHECK(parse_url("http://a/", "/ready")->target == "/");
  CHECK(parse_url("http://a?x", "/ready")->target == "/?x");
  CHECK(parse_url("unix:/run/s", "/ready")->target == "/ready");
}

TEST_CASE("a URL is written in full, and parses into the same") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"http://127.0.0.1:9100", "http://127.0.0.1:9100/metrics"},
      {"http://[::1]/m", "http://[::1]:80/m"},
      {"https://example.org/?q", "https://example.org:443/?q"},
      {"unix:/run/x.sock", "unix:/run/x.sock:/metrics"},
  }));
  const auto url = parse_url(text, "/metrics");
  REQUIRE(url);
  CHECK(url->to_string() == expected);
  const auto again = parse_url(url->to_string(), "/other");
  REQUIRE(again);
  CHECK(*again == *url);
}

TEST_CASE("a URL from the configuration needs no name server") {
  using Scheme = Url::Scheme;
  const auto [text, expected] = GENERATE(table<std::string, Url>({
      {"http://127.0.0.1:9100/metrics", {Scheme::Http, "127.0.0.1", 9100, "", "/metrics"}},
      {"http://[::1]:80/", {Scheme::Http, "::1", 80, "", "/"}},
      {"http://localhost", {Scheme::Http, "localhost", 80, "", "/ready"}},
      {"http://10.0.0.7:81/a?b=c", {Scheme::Http, "10.0.0.7", 81, "", "/a?b=c"}},
      {"unix:/run/x.sock", {Scheme::Unix, "", 0, "/run/x.sock", "/ready"}},
      {"unix:/run/x.sock:/up?x=1", {Scheme::Unix, "", 0, "/run/x.sock", "/up?x=1"}},
      {"unix:/run/x.sock:/up?x=http://y", {Scheme::Unix, "", 0, "/run/x.sock", "/up?x=http://y"}},
  }));
  const auto url = parse_literal_url(text, "/ready");
  REQUIRE(url);
  CHECK(*url == expected);
  const auto again = parse_literal_url(url->to_string(), "/other");
  REQUIRE(again);
  CHECK(*again == expected);
}

TEST_CASE("a URL that the configuration must not hold is refused") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "http://", "http:///x", "https://10.0.0.7/", "http://10.0.0.7:0/",
      "http://10.0.0.7:x/", "http://10.0.0.7:99999/", "http://10.0.0.7:/", "http://u@10.0.0.7/",
      "http://[::1/", "http://[h]/", "http://[10.0.0.7]/", "http://10.0.0.7/a b",
      "http://10.0.0.7/a\r\nX: y", "http://10.0.0.7/\xC3\xA9", "http://app.internal/",
      "unix:", "unix:x:/ready", "unix:/" + std::string(107, 'x'), "/ready");
  CHECK_FALSE(parse_literal_url(text, "/ready"));
}
