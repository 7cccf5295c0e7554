// SPDX-License-Identifier: Apache-2.0
#include "common/net/address.hpp"

#include "tests/support/catch.hpp"

namespace holdfast::config {

using Kind = ListenAddress::Kind;

TEST_CASE("addresses to listen on") {
  const auto [text, expected] = GENERATE(table<std::string, ListenAddress>({
      {"0.0.0.0:3000", {Kind::Ip4, "0.0.0.0", 3000, ""}},
      {"127.0.0.1:0", {Kind::Ip4, "127.0.0.1", 0, ""}},
      {"[::]:65535", {Kind::Ip6, "::", 65535, ""}},
      {"[2001:db8::1]:80", {Kind::Ip6, "2001:db8::1", 80, ""}},
      {"unix:/run/x.sock", {Kind::Unix, "", 0, "/run/x.sock"}},
  }));
  const auto parsed = parse_listen_address(text);
  REQUIRE(parsed);
  CHECK(*parsed == expected);
  CHECK(format_listen_address(*parsed) == text);
}

TEST_CASE("localhost is the one name that is known without asking") {
  const auto parsed = parse_listen_address("localhost:80");
  REQUIRE(parsed);
  CHECK(parsed->host == "127.0.0.1");
}

TEST_CASE("what cannot be listened on is refused") {
  const std::string text =
      GENERATE(as<std::string>{}, "", ":", ":3000", "3000", "0.0.0.0", "0.0.0.0:", "0.0.0.0:65536",
               "0.0.0.0:-1", "0.0.0.0:+1", "0.0.0.0: 1", "256.0.0.1:1", "example.org:80", "::1:80",
               "[::1]", "[::1]80", "[::1:80", "[127.0.0.1]:80", "[localhost]:80",
               "unix:", "unix:run/x", "unix:/" + std::string(107, 'x'));
  const auto parsed = parse_listen_address(text);
  REQUIRE_FALSE(parsed);
  CHECK(parsed.error().kind == ErrorKind::InvalidArgument);
  CHECK(parsed.error().message.find("'" + text + "'") != std::string::npos);
}

TEST_CASE("networks") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.1", "192.0.2.1/32"},
      {"192.0.2.128/25", "192.0.2.128/25"},
      {"FD00::/8", "fd00::/8"},
      {"::1", "::1/128"},
      {"2001:db8:0:0::/64", "2001:db8::/64"},
  }));
  const auto parsed = parse_cidr(text);
  REQUIRE(parsed);
  CHECK(*parsed == expected);
}

TEST_CASE("what is no network is refused") {
  const std::string text =
      GENERATE(as<std::string>{}, "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8",
               "::/129", "10.0.0.1/8", "fd00::1/8", "10.0.0.0/8/8", "any");
  CHECK_FALSE(parse_cidr(text));
}

TEST_CASE("addresses to ask") {
  const auto [text, expected] = GENERATE(table<std::string, HttpTarget>({
      {"http://127.0.0.1:9100/metrics", {"127.0.0.1", 9100, "", "/metrics"}},
      {"http://[::1]:80/", {"::1", 80, "", "/"}},
      {"http://localhost", {"localhost", 80, "", "/ready"}},
      {"http://10.0.0.7:81/a?b=c", {"10.0.0.7", 81, "", "/a?b=c"}},
      {"unix:/run/x.sock", {"", 80, "/run/x.sock", "/ready"}},
      {"unix:/run/x.sock:/up?x=1", {"", 80, "/run/x.sock", "/up?x=1"}},
      {"unix:/run/x.sock:/up?x=http://y", {"", 80, "/run/x.sock", "/up?x=http://y"}},
  }));
  const auto parsed = parse_http_target(text, "/ready");
  REQUIRE(parsed);
  CHECK(*parsed == expected);
  const auto again = parse_http_target(format_http_target(*parsed), "/other");
  REQUIRE(again);
  CHECK(*again == expected);
}

TEST_CASE("an address to ask is written in full") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"http://127.0.0.1:9100", "http://127.0.0.1:9100/metrics"},
      {"http://[::1]/m", "http://[::1]:80/m"},
      {"unix:/run/x.sock", "unix:/run/x.sock:/metrics"},
  }));
  const auto parsed = parse_http_target(text, "/metrics");
  REQUIRE(parsed);
  CHECK(format_http_target(*parsed) == expected);
}

TEST_CASE("what cannot be asked is refused") {
  // A name is refused, too: who asks would have to wait for a name server.
  const std::string text = GENERATE(
      as<std::string>{}, "", "http://", "http:///x", "https://10.0.0.7/", "http://10.0.0.7:0/",
      "http://10.0.0.7:x/", "http://10.0.0.7:99999/", "http://10.0.0.7:/", "http://u@10.0.0.7/",
      "http://[::1/", "http://[h]/", "http://[10.0.0.7]/", "http://10.0.0.7/a b",
      "http://10.0.0.7/a\r\nX: y", "http://app.internal/", "unix:", "unix:x:/ready", "/ready");
  CHECK_FALSE(parse_http_target(text, "/ready"));
}

}  // namespace holdfast::config
