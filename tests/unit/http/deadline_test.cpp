// SPDX-License-Identifier: Apache-2.0
// Slow clients and slow handlers: nobody holds a connection longer than the limits allow.
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;
using std::chrono::milliseconds;

namespace {

constexpr auto kNever = std::chrono::hours(1);

// Only the deadline under test can end anything.
ServerLimits patient_limits() {
  ServerLimits limits;
  limits.header_timeout = limits.body_timeout = limits.idle_timeout = kNever;
  limits.write_timeout = limits.handler_timeout = kNever;
  return limits;
}

// Sends `piece` again and again, never fast enough, until the server says something.
RawAnswer drip(RawClient& client, std::string_view piece) {
  while (!client.readable(5)) {
    if (!client.send(piece)) break;
  }
  return client.read_answer();
}

}  // namespace

TEST_CASE("A head that drips is cut off at its absolute deadline while others are served") {
  ServerLimits limits = patient_limits();
  limits.header_timeout = milliseconds(400);
  TestServer server(echo_handler(), limits);
  std::vector<RawClient> slow;
  for (int i = 0; i < 50; ++i) {
    slow.emplace_back(server.port);
    slow.back().send("GET / HTTP/1.1\r\nX: ");
  }
  RawClient normal(server.port);
  for (int i = 0; i < 20; ++i)
    CHECK(normal.ask(get("/")).status == 200);
  const RawAnswer answer = drip(slow[0], "a");  // each byte would renew a naive timeout
  CHECK(answer.status == 408);
  CHECK(answer.field("Connection") == "close");
  for (std::size_t i = 1; i < slow.size(); ++i)
    CHECK(slow[i].read_answer().status == 408);
  CHECK(normal.ask(get("/")).status == 200);
}

TEST_CASE("A body that drips is cut off at its deadline") {
  ServerLimits limits = patient_limits();
  limits.body_timeout = milliseconds(200);
  TestServer server(echo_handler(), limits);
  RawClient client(server.port);
  SECTION("by length") {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10000\r\n\r\n");
    CHECK(drip(client, "a").status == 408);
  }
  SECTION("chunked") {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(drip(client, "1\r\na\r\n").status == 408);
  }
}

TEST_CASE("A body earns its time by what arrives, not by what it announces") {
  ServerLimits limits = patient_limits();
  limits.body_timeout = milliseconds(200);
  limits.max_body_bytes = 100u << 20;
  TestServer server(echo_handler(), limits);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 104857600\r\n\r\n";
  RawClient client(server.port);
  const auto began = std::chrono::steady_clock::now();
  SECTION("nothing comes") {
    client.send(head);
  }
  SECTION("a megabyte, which earned sixteen seconds, and then silence") {
    client.send(head + std::string(1u << 20, 'x'));
  }
  SECTION("the same in chunks") {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" +
                std::string(1u << 20, 'x'));
  }
  CHECK(client.read_answer().status == 408);
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(10));
}

TEST_CASE("A head that comes late after a quick request still has its own deadline") {
  ServerLimits limits = patient_limits();
  limits.header_timeout = milliseconds(200);
  TestServer server(echo_handler(), limits);
  RawClient client(server.port);
  CHECK(client.ask(get("/")).status == 200);
  client.send("GET / HT");
  CHECK(client.read_answer().status == 408);
}

TEST_CASE("An idle connection is closed without a word") {
  ServerLimits limits = patient_limits();
  limits.idle_timeout = milliseconds(100);
  TestServer server(echo_handler(), limits);
  RawClient fresh(server.port);
  CHECK(fresh.closed_by_peer());
  RawClient used(server.port);
  CHECK(used.ask(get("/")).status == 200);
  CHECK(used.closed_by_peer());
  server.wait_for_connections(0);
}

TEST_CASE("A reader that does not read is cut off") {
  ServerLimits limits = patient_limits();
  limits.write_timeout = milliseconds(100);
  const std::size_t size = 32u << 20;  // more than both sockets' buffers hold
  Handler handler = [&](const std::shared_ptr<Request>&, const Responder& respond) {
    respond(Response::text(200, std::string(size, 'x')));
  };
  SECTION("one that reads is not") {
    limits.write_timeout = std::chrono::seconds(10);
    TestServer server(handler, limits);
    RawClient client(server.port);
    CHECK(client.ask(get("/")).body.size() == size);
  }
  SECTION("and ends") {
    TestServer server(handler, limits);
    RawClient client(server.port);
    client.send(get("/"));
    REQUIRE(client.readable(kPatienceMs));
    // Not after the 512 seconds that all of it would be given.
    server.wait_for_connections(0);
    CHECK(server.stats().requests_in_flight == 0);
  }
}

TEST_CASE("A short answer that is never read is cut off at the write timeout") {
  ServerLimits limits = patient_limits();
  limits.write_timeout = milliseconds(100);
  TestServer server(
      [](const std::shared_ptr<Request>&, const Responder& respond) {
        respond(Response::text(200, std::string(60'000, 'x')));
      },
      limits);
  RawClient client(server.port);
  // Enough pipelined requests to fill the buffers with their answers; nothing is read.
  std::string burst;
  for (int i = 0; i < 400; ++i)
    burst += get("/");
  client.send(burst);
  server.wait_for_connections(0);
  CHECK(server.stats().requests_total < 400);
}

TEST_CASE("A handler that takes too long is answered for, and its late answer is nobody's") {
  ServerLimits limits = patient_limits();
  limits.handler_timeout = milliseconds(100);
  std::vector<Responder> held;
  TestServer server(
      [&](const std::shared_ptr<Request>&, const Responder& respond) { held.push_back(respond); },
      limits);
  RawClient client(server.port);
  const RawAnswer answer = client.ask(get("/"));
  CHECK(answer.status == 503);
  CHECK_FALSE(answer.field("Retry-After").empty());
  CHECK(answer.field("Connection") == "close");
  server.loop.run([&] { held.at(0)(Response::text(200, "late")); });
  client.finish_sending();
  CHECK(client.read_rest().empty());
}

TEST_CASE("A client that never closes does not keep a refused connection open") {
  ServerLimits limits = patient_limits();
  TestServer server(echo_handler(), limits);
  RawClient client(server.port);
  CHECK(client.ask("nonsense\r\n\r\n").status == 400);
  server.wait_for_connections(0);  // after the two seconds of lingering, without our help
}
