// SPDX-License-Identifier: Apache-2.0
#include "common/net/address.hpp"

#include "tests/support/catch.hpp"

namespace holdfast::net {

using Kind = ListenAddress::Kind;

TEST_CASE("an address to listen on is parsed and formatted") {
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

TEST_CASE("localhost is the one name that needs no name server") {
  const auto parsed = parse_listen_address("localhost:80");
  REQUIRE(parsed);
  CHECK(parsed->host == "127.0.0.1");
}

TEST_CASE("an address that cannot be listened on is refused") {
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

}  // namespace holdfast::net
