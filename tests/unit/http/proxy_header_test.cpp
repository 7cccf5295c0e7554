// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol: its header, and connections that begin with one.
#include "common/http/proxy_header.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/http/harness.hpp"

#include <atomic>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;
using State = ProxyHeader::State;

namespace {

const std::string kSignature("\r\n\r\n\0\r\nQUIT\n", 12);

std::string header(char command, char family, const std::string& rest) {
  return kSignature + command + family + static_cast<char>(rest.size() >> 8) +
         static_cast<char>(rest.size() & 0xff) + rest;
}

// 198.51.100.7:40000 to 127.0.0.1:3000.
const std::string kV4("\xc6\x33\x64\x07\x7f\x00\x00\x01\x9c\x40\x0b\xb8", 12);
// 2001:db8::5, port 40000.
const std::string kV6 = std::string("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x05", 16) +
                        std::string(16, '\0') + std::string("\x9c\x40\x0b\xb8", 4);
const std::string kExtension("\x04\x00\x03xyz", 6);

// A server of which every peer is a proxy, and that answers with the client's address.
struct Behind {
  explicit Behind(ServerLimits limits = {})
      : server(
            [](const std::shared_ptr<Request>& request, const Responder& respond) {
              respond(Response::text(200, request->peer.address));
            },
            std::move(limits),
            [this](const Request&, const Refusal& refusal) {
              ++refusals;
              return Response::text(refusal.status, refusal.detail);
            }) {
    Fd listener = make_listener();
    port = port_of(listener);
    const bool listens = server.loop.run([&] {
      return server.server->listen(std::move(listener), [](const Peer&) { return true; })
          .has_value();
    });
    REQUIRE(listens);
  }

  std::atomic<int> refusals{0};
  std::uint16_t port = 0;
  TestServer server;
};

}  // namespace

TEST_CASE("a PROXY header names the client") {
  const auto v4 = parse_proxy_header(header(0x21, 0x11, kV4) + "GET /");
  REQUIRE(v4.state == State::Complete);
  CHECK(v4.size == 28);
  REQUIRE(v4.client);
  CHECK(v4.client->address == "198.51.100.7");
  CHECK(v4.client->port == 40000);
  const auto v6 = parse_proxy_header(header(0x21, 0x21, kV6 + kExtension));
  REQUIRE(v6.state == State::Complete);
  REQUIRE(v6.client);
  CHECK(v6.client->address == "2001:db8::5");
  CHECK(v6.client->port == 40000);
}

TEST_CASE("a proxy may speak for itself, or for nobody it can name") {
  for (const std::string& bytes :
       {header(0x20, 0x00, ""), header(0x20, 0x11, kV4), header(0x20, 0x77, "whatever"),
        header(0x21, 0x00, ""), header(0x21, 0x00, "??"),
        header(0x21, 0x31, std::string(216, 'u'))}) {
    const auto parsed = parse_proxy_header(bytes);
    REQUIRE(parsed.state == State::Complete);
    CHECK(parsed.size == bytes.size());
    CHECK_FALSE(parsed.client);
  }
}

TEST_CASE("every beginning of a header needs more, and nothing else does") {
  const std::string whole = header(0x21, 0x11, kV4 + kExtension);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO(size);
    CHECK(parse_proxy_header(std::string_view(whole).substr(0, size)).state == State::NeedMore);
  }
  std::string wrong_signature = whole;
  for (std::size_t i = 0; i < kSignature.size(); ++i) {
    wrong_signature = whole;
    wrong_signature[i] = 'x';
    INFO(i);
    // At once: nobody waits for the rest.
    CHECK(parse_proxy_header(std::string_view(wrong_signature).substr(0, i + 1)).state ==
          State::Malformed);
  }
}

TEST_CASE("what is no PROXY header is malformed") {
  const std::string huge(kMaxProxyHeader, '\0');
  for (const std::string& bad :
       {std::string("GET / HTTP/1.1\r\n"), std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n"),
        header(0x11, 0x11, kV4), header(0x31, 0x11, kV4), header(0x22, 0x11, kV4),
        header(0x21, 0x41, kV4), header(0x21, 0x13, kV4), header(0x21, 0x11, kV4.substr(1)),
        header(0x21, 0x21, kV4), header(0x21, 0x31, kV6), header(0x21, 0x11, kV4 + "\x04"),
        header(0x21, 0x11, kV4 + std::string("\x04\x00\x09xyz", 6)), header(0x21, 0x11, huge)}) {
    CHECK(parse_proxy_header(bad).state == State::Malformed);
  }
}

TEST_CASE("a connection that begins with a header is its client's") {
  const Behind behind;
  RawClient client(behind.port);
  CHECK(client.ask(header(0x21, 0x11, kV4) + get("/")).body == "198.51.100.7");
  CHECK(client.ask(get("/")).body == "198.51.100.7");  // all of its requests
  RawClient slow(behind.port);
  for (const char byte : header(0x21, 0x21, kV6 + kExtension))
    REQUIRE(slow.send(std::string_view(&byte, 1)));
  CHECK(slow.ask(get("/")).body == "2001:db8::5");
  RawClient probe(behind.port);
  CHECK(probe.ask(header(0x20, 0x00, "") + get("/")).body == "127.0.0.1");
}

TEST_CASE("a connection that begins otherwise is closed without an answer, and noted") {
  Behind behind;
  for (const std::string& bytes : {get("/"), header(0x21, 0x41, kV4) + get("/"),
                                   std::string("PROXY TCP4 1.2.3.4 1.2.3.4 1 2\r\n") + get("/")}) {
    const int before = behind.refusals;
    RawClient client(behind.port);
    REQUIRE(client.send(bytes));
    CHECK(client.read_rest().empty());
    CHECK(behind.refusals == before + 1);
  }
  RawClient(behind.port).close();  // as a load balancer looks whether somebody listens
  RawClient good(behind.port);
  CHECK(good.ask(header(0x21, 0x11, kV4) + get("/")).status == 200);
  CHECK(behind.refusals == 3);
}

TEST_CASE("a header that does not come in time closes the connection") {
  ServerLimits limits;
  limits.header_timeout = std::chrono::milliseconds(50);
  const Behind behind(limits);
  RawClient client(behind.port);
  REQUIRE(client.send(kSignature));
  CHECK(client.read_rest().empty());
}

TEST_CASE("connections through a proxy count as those of the clients that it names") {
  ServerLimits limits;
  limits.max_connections_per_client = 2;
  const Behind behind(limits);
  RawClient one(behind.port);
  RawClient two(behind.port);
  RawClient three(behind.port);
  CHECK(one.ask(header(0x21, 0x11, kV4) + get("/")).status == 200);
  CHECK(two.ask(header(0x21, 0x11, kV4) + get("/")).status == 200);
  CHECK(three.ask(header(0x21, 0x11, kV4) + get("/")).status == 503);
  RawClient other(behind.port);
  CHECK(other.ask(header(0x21, 0x21, kV6) + get("/")).status == 200);
  one.close();
  CHECK(holdfast::test::wait_until([&] {
    RawClient again(behind.port);
    return again.ask(header(0x21, 0x11, kV4) + get("/")).status == 200;
  }));
}
