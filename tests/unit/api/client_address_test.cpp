// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/client_address.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

std::vector<net::Network> networks(const std::vector<std::string>& texts) {
  auto parsed = parse_networks(texts);
  REQUIRE(parsed);
  return *parsed;
}

http::Peer tcp(const std::string& address) {
  return {address, 40000, false};
}

std::string client(const std::string& peer, const std::vector<std::string>& forwarded,
                   const std::vector<std::string>& trusted) {
  http::Headers headers;
  for (const std::string& line : forwarded)
    headers.add("X-Forwarded-For", line);
  return find_client(tcp(peer), headers, networks(trusted)).address;
}

const std::vector<std::string> kProxies{"10.0.0.0/8", "fd00::/8"};

}  // namespace

TEST_CASE("nothing is trusted by default: the client is the socket's peer") {
  CHECK(client("203.0.113.9", {}, {}) == "203.0.113.9");
  CHECK(client("203.0.113.9", {"1.2.3.4"}, {}) == "203.0.113.9");
  CHECK(client("127.0.0.1", {"1.2.3.4"}, {}) == "127.0.0.1");
  CHECK(client("203.0.113.9", {"1.2.3.4"}, kProxies) == "203.0.113.9");
}

TEST_CASE("behind trusted proxies the walk goes from the right to the first stranger") {
  CHECK(client("10.0.0.1", {"198.51.100.7"}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {"6.6.6.6, 198.51.100.7, 10.2.2.2"}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {"10.9.9.9, 10.2.2.2"}, kProxies) == "10.9.9.9");  // all trusted
  CHECK(client("10.0.0.1", {}, kProxies) == "10.0.0.1");
  CHECK(client("fd00::1", {"2001:db8::5"}, kProxies) == "2001:db8::5");
}

TEST_CASE("several X-Forwarded-For lines are one list, in order") {
  CHECK(client("10.0.0.1", {"6.6.6.6", "198.51.100.7", "10.2.2.2"}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {"6.6.6.6,198.51.100.7", "10.2.2.2 , 10.3.3.3"}, kProxies) ==
        "198.51.100.7");
}

TEST_CASE("IPv4-mapped addresses match IPv4 networks and are shown as IPv4") {
  CHECK(client("::ffff:10.0.0.1", {"198.51.100.7"}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {"198.51.100.7, ::ffff:10.2.2.2"}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {"::ffff:198.51.100.7"}, kProxies) == "198.51.100.7");
}

TEST_CASE("ports, brackets and zones are accepted") {
  CHECK(client("10.0.0.1", {"198.51.100.7:8080"}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {"[2001:db8::5]:443"}, kProxies) == "2001:db8::5");
  CHECK(client("10.0.0.1", {"[2001:db8::5]"}, kProxies) == "2001:db8::5");
  CHECK(client("10.0.0.1", {"fe80::1%eth0"}, kProxies) == "fe80::1");
}

TEST_CASE("the walk ends at an entry that is no address, with the last good one") {
  for (const char* garbage :
       {"unknown", "_hidden", "1.2.3", "1.2.3.4:99999", "1.2.3.4:x", "[::1", "[::1]x", "::1::2",
        "300.1.1.1", "fe80::1%", "1.2.3.4.5", "localhost", "\"[::1]:1\""}) {
    INFO("entry '" << garbage << "'");
    CHECK(client("10.0.0.1", {std::string("6.6.6.6, ") + garbage + ", 10.2.2.2"}, kProxies) ==
          "10.2.2.2");
    CHECK(client("10.0.0.1", {garbage}, kProxies) == "10.0.0.1");
  }
}

TEST_CASE("at most 32 entries are read, however many are sent") {
  std::string many = "198.51.100.7";
  for (int i = 0; i < 31; ++i)
    many += ", 10.1.1.1";
  CHECK(client("10.0.0.1", {many}, kProxies) == "198.51.100.7");
  CHECK(client("10.0.0.1", {many + ", 10.1.1.2"}, kProxies) == "10.1.1.1");
}

TEST_CASE("a Unix-socket peer is trusted by the socket's mode and has no address of its own") {
  http::Peer peer;
  peer.unix_socket = true;
  http::Headers headers;
  CHECK(find_client(peer, headers, {}).address == "unix");
  headers.add("X-Forwarded-For", "6.6.6.6, 198.51.100.7");
  CHECK(find_client(peer, headers, {}).address == "198.51.100.7");
}

TEST_CASE("a client is hidden when only an undeclared proxy could name it") {
  http::Headers headers;
  CHECK_FALSE(find_client(tcp("10.0.0.1"), headers, {}).hidden);
  headers.add("X-Forwarded-For", "198.51.100.7");
  CHECK(find_client(tcp("10.0.0.1"), headers, {}).hidden);
  CHECK_FALSE(find_client(tcp("10.0.0.1"), headers, networks(kProxies)).hidden);
  for (const char* field : {"Forwarded", "X-Real-IP", "Via"}) {
    INFO(field);
    http::Headers other;
    other.add(field, "127.0.0.1");
    CHECK(find_client(tcp("127.0.0.1"), other, {}).hidden);
  }
}

TEST_CASE("a trusted proxy that names nobody but proxies hides its client") {
  const auto hidden = [](const char* field, const char* value) {
    http::Headers headers;
    headers.add(field, value);
    return find_client(tcp("10.0.0.1"), headers, networks(kProxies)).hidden;
  };
  CHECK_FALSE(find_client(tcp("10.0.0.1"), {}, networks(kProxies)).hidden);  // itself
  CHECK(hidden("Via", "1.1 proxy"));
  CHECK(hidden("X-Real-IP", "198.51.100.7"));
  CHECK(hidden("Forwarded", "for=198.51.100.7"));  // not the field that counts
  CHECK(hidden("X-Forwarded-For", "unknown"));
  CHECK(hidden("X-Forwarded-For", "10.2.2.2"));
  CHECK(hidden("X-Forwarded-For", "198.51.100.7, unknown, 10.2.2.2"));
  CHECK_FALSE(hidden("X-Forwarded-For", "unknown, 198.51.100.7, 10.2.2.2"));
}

TEST_CASE("networks match by their prefix") {
  const auto in = [](const char* address, const char* network) {
    const auto parsed = net::IpAddress::parse(address);
    REQUIRE(parsed);
    return contains(networks({network}), *parsed);
  };
  CHECK(in("10.255.255.255", "10.0.0.0/8"));
  CHECK_FALSE(in("11.0.0.0", "10.0.0.0/8"));
  CHECK(in("192.168.1.129", "192.168.1.128/25"));
  CHECK_FALSE(in("192.168.1.127", "192.168.1.128/25"));
  CHECK(in("1.2.3.4", "0.0.0.0/0"));
  CHECK_FALSE(in("::1", "0.0.0.0/0"));
  CHECK(in("203.0.113.9", "203.0.113.9"));
  CHECK_FALSE(in("203.0.113.8", "203.0.113.9"));
  CHECK(in("2001:db8:1::5", "2001:db8::/32"));
  CHECK_FALSE(in("2001:db9::5", "2001:db8::/32"));
  CHECK(in("10.1.2.3", "::ffff:10.1.2.3"));
}

TEST_CASE("what is no network is refused by name") {
  for (const char* bad : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0.1/8", "fd00::/129",
                          "example.org", "10.0.0/8", "10.0.0.0/8/8", "10.0.0.0/8x"}) {
    INFO("'" << bad << "'");
    const auto parsed = parse_networks({"127.0.0.1", bad});
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().kind == ErrorKind::InvalidArgument);
    CHECK(parsed.error().message.find(bad) != std::string::npos);
  }
}

namespace {

std::string forwarded_client(const std::vector<std::string>& lines,
                             const std::vector<std::string>& trusted = kProxies) {
  http::Headers headers;
  for (const std::string& line : lines)
    headers.add("Forwarded", line);
  headers.add("X-Forwarded-For", "6.6.6.6");  // is not the proxy's own
  return find_client(tcp("10.0.0.1"), headers, networks(trusted), config::ForwardedField::Forwarded)
      .address;
}

}  // namespace

TEST_CASE("with Forwarded the walk goes through its elements, from the right") {
  CHECK(forwarded_client({}) == "10.0.0.1");
  CHECK(forwarded_client({"for=198.51.100.7"}) == "198.51.100.7");
  CHECK(forwarded_client({"For=6.6.6.6, for=198.51.100.7;proto=https, for=10.2.2.2"}) ==
        "198.51.100.7");
  CHECK(forwarded_client({"for=6.6.6.6", "for=198.51.100.7;by=10.2.2.2;host=\"a,b\"",
                          "proto=http;FOR=10.2.2.2"}) == "198.51.100.7");
  CHECK(forwarded_client({"for=10.9.9.9, for=10.2.2.2"}) == "10.9.9.9");  // all trusted
  CHECK(forwarded_client({"for=198.51.100.7"}, {}) == "10.0.0.1");        // nobody is
}

TEST_CASE("a node of Forwarded has its quotes, brackets and ports taken off") {
  CHECK(forwarded_client({"for=\"[2001:db8::5]:4711\""}) == "2001:db8::5");
  CHECK(forwarded_client({"for=\"[2001:db8::5]\""}) == "2001:db8::5");
  CHECK(forwarded_client({"for=\"198.51.100.7:80\""}) == "198.51.100.7");
  CHECK(forwarded_client({"for=\"198.51.100.7:_port\""}) == "198.51.100.7");
  CHECK(forwarded_client({"for=\"198\\.51.100.7\""}) == "198.51.100.7");
  CHECK(forwarded_client({"for=\"[::ffff:198.51.100.7]\""}) == "198.51.100.7");
}

TEST_CASE("an element of Forwarded without an address ends the walk") {
  for (const char* element :
       {"for=unknown", "for=_hidden", "for=\"_x:80\"", "proto=https", "for=", "for", ";",
        "for=1.2.3.4;for=5.6.7.8", "for=1.2.3.4 5.6.7.8", "for=\"1.2.3.4", "for =1.2.3.4"}) {
    INFO(element);
    CHECK(forwarded_client({"for=6.6.6.6, " + std::string(element) + ", for=10.2.2.2"}) ==
          "10.2.2.2");
  }
}

TEST_CASE("empty entries and lines name nobody and end nothing, in either field") {
  struct Row {
    std::vector<std::string> lines;  // with '@' for what stands before an address
    const char* found;
  };
  const std::vector<Row> rows{{{"@198.51.100.4,"}, "198.51.100.4"},
                              {{"@198.51.100.4, ,@10.2.2.2"}, "198.51.100.4"},
                              {{"@198.51.100.4,,\t, @10.2.2.2 ,"}, "198.51.100.4"},
                              {{",@198.51.100.4"}, "198.51.100.4"},
                              {{", @10.9.9.9"}, "10.9.9.9"},
                              {{"@198.51.100.4", ""}, "198.51.100.4"},
                              {{"@198.51.100.4", " ", ",", "@10.2.2.2"}, "198.51.100.4"},
                              {{"@6.6.6.6, @198.51.100.4", std::string(500, ',')}, "198.51.100.4"},
                              {{"", ", ,"}, "10.0.0.1"}};
  const auto with = [](std::vector<std::string> lines, const std::string& prefix) {
    for (std::string& line : lines) {
      for (auto at = line.find('@'); at != std::string::npos; at = line.find('@'))
        line.replace(at, 1, prefix);
    }
    return lines;
  };
  for (const Row& row : rows) {
    INFO(row.lines.front() << " in " << row.lines.size() << " lines");
    CHECK(client("10.0.0.1", with(row.lines, ""), kProxies) == row.found);
    CHECK(forwarded_client(with(row.lines, "for=")) == row.found);
  }
}

TEST_CASE("what a client writes into Forwarded cannot hide what its proxy adds") {
  for (const char* trick : {"for=\"", "for=\"6.6.6.6", "for=\"\\", "host=\"x, for=6.6.6.6", "\"",
                            "for=6.6.6.6;\"", "\\", "a=\"\\\""}) {
    INFO(trick);
    CHECK(forwarded_client({std::string(trick) + ", for=198.51.100.7"}) == "198.51.100.7");
    CHECK(forwarded_client({std::string(trick) + ", for=\"[2001:db8::5]\";proto=http"}) ==
          "2001:db8::5");
    CHECK(forwarded_client({trick, "for=198.51.100.7"}) == "198.51.100.7");
  }
}

TEST_CASE("of Forwarded at most 32 elements are read") {
  std::string list = "for=198.51.100.7";
  for (int i = 0; i < 32; ++i)
    list += ", for=10.0.0.2";
  CHECK(forwarded_client({list}) == "10.0.0.2");
  list.erase(list.rfind(','));
  CHECK(forwarded_client({list}) == "198.51.100.7");
}
