// SPDX-License-Identifier: Apache-2.0
#include "common/net/ip_address.hpp"

#include "tests/support/catch.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstring>

using namespace holdfast;
using namespace holdfast::net;

namespace {

sockaddr_storage v6_socket(const char* text) {
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  REQUIRE(::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
  sockaddr_storage storage{};
  std::memcpy(&storage, &v6, sizeof v6);
  return storage;
}

}  // namespace

TEST_CASE("an address is parsed into its canonical form") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"10.0.0.1", "10.0.0.1"},
      {"FD00:0:0::1", "fd00::1"},
      {"::ffff:10.0.0.1", "10.0.0.1"},
  }));
  const auto address = IpAddress::parse(text);
  REQUIRE(address);
  CHECK(address->to_string() == expected);
  CHECK(address == IpAddress::parse(expected));
}

TEST_CASE("anything else is not an address") {
  const std::string text = GENERATE(as<std::string>{}, "", "10.0.0", "10.0.0.256", " 10.0.0.1",
                                    "10.0.0.1:80", "[::1]", "fe80::1%eth0", "example.org");
  CHECK_FALSE(IpAddress::parse(text));
}

TEST_CASE("an entry of X-Forwarded-For may have a port") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"10.0.0.1", "10.0.0.1"},
      {"10.0.0.1:80", "10.0.0.1"},
      {"::1", "::1"},
      {"[::1]", "::1"},
      {"[::1]:80", "::1"},
      {"fe80::1%eth0", "fe80::1"},
      {"[fe80::1%br-0_a.5]:80", "fe80::1"},
  }));
  const auto address = IpAddress::parse_forwarded(text);
  REQUIRE(address);
  CHECK(address->to_string() == expected);
}

TEST_CASE("an entry of X-Forwarded-For that names no address is refused") {
  const std::string bad =
      GENERATE(as<std::string>{}, "", "unknown", "10.0.0.1:", "10.0.0.1:x", "10.0.0.1:65536",
               "[::1", "[::1]x", "[::1]:", "[::1]:x", "fe80::1%", "10.0.0.1%eth0",
               "::ffff:10.0.0.1%eth0", "fe80::1%a b", "%eth0", "fe80::1%a%b");
  CHECK_FALSE(IpAddress::parse_forwarded(bad));
}

TEST_CASE("the address of an IPv4 client of a dual-stack socket is IPv4") {
  CHECK(IpAddress::from_socket(v6_socket("::ffff:10.0.0.1"))->to_string() == "10.0.0.1");
  CHECK(IpAddress::from_socket(v6_socket("2001:db8::1"))->to_string() == "2001:db8::1");
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  CHECK_FALSE(IpAddress::from_socket(local));
}

TEST_CASE("loopback is 127.0.0.0/8 and ::1") {
  CHECK(IpAddress::parse("127.3.2.1")->is_loopback());
  CHECK(IpAddress::parse("::1")->is_loopback());
  CHECK(IpAddress::parse("::ffff:127.0.0.1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("128.0.0.1")->is_loopback());
  CHECK_FALSE(IpAddress::parse("::2")->is_loopback());
  CHECK_FALSE(IpAddress::parse("1::1")->is_loopback());
}

TEST_CASE("network_of keeps the first bits of an IPv6 address, and an IPv4 address whole") {
  const auto address = IpAddress::parse("2001:db8:ffff:ffff:ffff::1");
  CHECK(address->network_of(64).to_string() == "2001:db8:ffff:ffff::");
  CHECK(address->network_of(60).to_string() == "2001:db8:ffff:fff0::");
  CHECK(address->network_of(0).to_string() == "::");
  CHECK(address->network_of(128) == *address);
  CHECK(IpAddress::parse("10.0.0.1")->network_of(0).to_string() == "10.0.0.1");
}

TEST_CASE("a network is parsed into its canonical form") {
  const auto [text, expected] = GENERATE(table<std::string, std::string>({
      {"10.0.0.0/8", "10.0.0.0/8"},
      {"0.0.0.0/0", "0.0.0.0/0"},
      {"192.0.2.1", "192.0.2.1/32"},
      {"192.0.2.128/25", "192.0.2.128/25"},
      {"FD00::/8", "fd00::/8"},
      {"::1", "::1/128"},
      {"2001:db8:0:0::/64", "2001:db8::/64"},
      {"::ffff:192.0.2.1", "192.0.2.1/32"},
      {"::ffff:192.0.2.1/128", "192.0.2.1/32"},
      {"::ffff:10.0.0.0/104", "10.0.0.0/8"},
      {"::FFFF:0:0/96", "0.0.0.0/0"},
  }));
  const auto network = Network::parse(text);
  REQUIRE(network);
  CHECK(network->to_string() == expected);
}

TEST_CASE("anything else is not a network, and the error says what was expected") {
  const std::string text = GENERATE(
      as<std::string>{}, "", "/", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8", "::/129",
      "10.0.0.1/8", "fd00::1/8", "10.0.0.0/8/8", "any", "::ffff:10.0.0.0/8", "::ffff:10.0.0.0/95",
      "::ffff:10.0.0.1/104", "::ffff:10.0.0.0/129", "::ffff:10.0.0.0/");
  const auto network = Network::parse(text);
  REQUIRE_FALSE(network);
  CHECK(network.error().kind == ErrorKind::InvalidArgument);
  CHECK_THAT(network.error().message, Catch::Contains("'" + text + "'"));
}

TEST_CASE("host bits are an error that names the network") {
  CHECK_THAT(Network::parse("10.1.2.3/8").error().message, Catch::Contains("'10.0.0.0/8'"));
  CHECK_THAT(Network::parse("fd00::1/12").error().message, Catch::Contains("'fd00::/12'"));
  CHECK_THAT(Network::parse("::ffff:10.0.0.0/8").error().message, Catch::Contains("'10.0.0.0/8'"));
  CHECK_THAT(Network::parse("::ffff:10.0.0.1/104").error().message,
             Catch::Contains("'10.0.0.0/8'"));
}

TEST_CASE("a network contains the addresses that share its prefix") {
  struct Row {
    const char* network;
    const char* inside;
    const char* outside;
  };
  for (const Row& row : {
           Row{"10.0.0.0/8", "10.255.0.1", "11.0.0.1"},
           Row{"192.0.2.128/25", "192.0.2.255", "192.0.2.127"},
           Row{"192.0.2.1", "::ffff:192.0.2.1", "192.0.2.2"},
           Row{"fd00::/8", "fdff::1", "fe00::"},
           Row{"2001:db8::/33", "2001:db8:7fff::", "2001:db8:8000::"},
           Row{"0.0.0.0/0", "255.255.255.255", "::"},
           Row{"::/0", "ffff::", "1.2.3.4"},
       }) {
    CAPTURE(row.network);
    CHECK(Network::parse(row.network)->contains(*IpAddress::parse(row.inside)));
    CHECK_FALSE(Network::parse(row.network)->contains(*IpAddress::parse(row.outside)));
  }
}
