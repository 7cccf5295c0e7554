// SPDX-License-Identifier: Apache-2.0
#include "common/net/host_port.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::net;

TEST_CASE("host and port are split at the colon, outside of brackets") {
  struct Row {
    std::string_view text;
    std::string_view host;
    std::optional<std::string_view> port;
    bool bracketed;
  };
  for (const Row& row : {
           Row{"", "", {}, false},
           Row{"host", "host", {}, false},
           Row{"host:80", "host", "80", false},
           Row{"host:", "host", "", false},
           Row{":80", "", "80", false},
           Row{"[::1]", "::1", {}, true},
           Row{"[::1]:80", "::1", "80", true},
           Row{"[]:x", "", "x", true},
       }) {
    CAPTURE(row.text);
    const auto parts = split_host_port(row.text);
    REQUIRE(parts);
    CHECK(parts->host == row.host);
    CHECK(parts->port == row.port);
    CHECK(parts->bracketed == row.bracketed);
  }
}

TEST_CASE("text that could be split in two ways is not host and port") {
  for (const std::string_view text : {"::1", "::1:80", "a:b:80", "[::1", "[::1]80", "[::1]:8:0"}) {
    CAPTURE(text);
    CHECK_FALSE(split_host_port(text));
  }
}

TEST_CASE("an IPv6 address is written in brackets, any other host without") {
  CHECK(bracket_host("::1") == "[::1]");
  CHECK(bracket_host("example.org") == "example.org");
  CHECK(format_host_port("::1", 80) == "[::1]:80");
  CHECK(format_host_port("127.0.0.1", 0) == "127.0.0.1:0");
}
