// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/allowed_hosts.hpp"

#include "tests/support/catch.hpp"

using holdfast::supervisor::status::AllowedHosts;

TEST_CASE("the status endpoint answers to loopback names and to those that it was told of") {
  const AllowedHosts hosts("127.0.0.1:9900", {"status.example.com", "10.0.0.5", "2001:db8::5"});
  for (const char* host :
       {"localhost", "LocalHost:9900", "localhost.", "a.localhost:1", "127.0.0.1", "127.1.2.3:9900",
        "[::1]:9900", "[::ffff:127.0.0.1]", "status.example.com", "STATUS.example.com:443",
        "status.example.com.", "10.0.0.5:9900", "[2001:DB8::5]:9900", "[2001:db8:0::5]"}) {
    INFO(host);
    CHECK(hosts.allows(host));
  }
  for (const char* host : {"", "evil.example", "evil.example:9900", "localhost.evil.example",
                           "notlocalhost", "10.0.0.6", "0.0.0.0:9900", "128.0.0.1", "[::2]", "[::1",
                           "x.status.example.com", "127.0.0.1.nip.io", "localhost:1:2"}) {
    INFO(host);
    CHECK_FALSE(hosts.allows(host));
  }
}

TEST_CASE("where the status endpoint listens beyond loopback, any address will do, but no name") {
  for (const char* listen : {"0.0.0.0:9900", "[::]:9900", "10.0.0.5:9900"}) {
    INFO(listen);
    const AllowedHosts hosts(listen, {});
    CHECK(hosts.allows("10.0.0.5:9900"));
    CHECK(hosts.allows("[2001:db8::5]"));
    CHECK(hosts.allows("localhost"));
    CHECK_FALSE(hosts.allows("evil.example:9900"));
  }
}
