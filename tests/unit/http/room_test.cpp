// SPDX-License-Identifier: Apache-2.0
// Servers that make room (ServerLimits::make_room): nobody is kept out by those who only wait.
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/http/harness.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <vector>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

ServerLimits limits_of(std::uint32_t most) {
  ServerLimits limits;
  limits.max_connections = most;
  limits.max_connections_per_client = most;
  limits.make_room = true;
  return limits;
}

RawClient connect_from(const char* source, std::uint16_t port) {
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  REQUIRE(::inet_pton(AF_INET, source, &address.sin_addr) == 1);
  const auto* const raw = reinterpret_cast<const sockaddr*>(&address);
  REQUIRE(::bind(fd.get(), raw, sizeof address) == 0);
  address.sin_port = htons(port);
  REQUIRE(::inet_pton(AF_INET, "127.0.0.1", &address.sin_addr) == 1);
  REQUIRE(::connect(fd.get(), raw, sizeof address) == 0);
  return RawClient(std::move(fd));
}

}  // namespace

TEST_CASE("a new connection takes the place of the one that has been idle for longest") {
  TestServer server(echo_handler(), limits_of(2));
  RawClient first(server.port);
  REQUIRE(first.ask(get("/a")).status == 200);
  RawClient second(server.port);
  REQUIRE(second.ask(get("/b")).status == 200);
  RawClient third(server.port);
  REQUIRE(third.ask(get("/c")).status == 200);
  REQUIRE(first.closed_by_peer());
  REQUIRE(second.ask(get("/d")).status == 200);
  // `third` waits for longer than `second` now.
  RawClient fourth(server.port);
  REQUIRE(fourth.ask(get("/e")).status == 200);
  REQUIRE(third.closed_by_peer());
  REQUIRE(second.ask(get("/f")).status == 200);
}

TEST_CASE("connections that never send a whole head do not keep others out") {
  TestServer server(echo_handler(), limits_of(4));
  std::vector<RawClient> slow;
  for (int i = 0; i < 20; ++i) {
    slow.emplace_back(server.port);
    REQUIRE(slow.back().send("GET / HT"));
  }
  RawClient scraper(server.port);
  REQUIRE(scraper.ask(get("/metrics")).status == 200);
}

TEST_CASE("a request in hand keeps its place; when all have one, the next is refused") {
  std::vector<Responder> waiting;
  TestServer server(
      [&](const std::shared_ptr<Request>& request, const Responder& respond) {
        if (request->path != "/wait") return respond(Response::text(200, "at once"));
        waiting.push_back(respond);
      },
      limits_of(2));
  RawClient first(server.port);
  RawClient second(server.port);
  REQUIRE(first.send(get("/wait")));
  REQUIRE(second.send(get("/wait")));
  while (server.loop.run([&] { return waiting.size(); }) < 2) {
  }
  RawClient third(server.port);
  REQUIRE(third.ask(get("/")).status == 503);
  server.loop.run([&] {
    for (const Responder& respond : waiting)
      respond(Response::text(200, "done"));
    waiting.clear();
  });
  REQUIRE(first.read_answer().status == 200);
  REQUIRE(second.read_answer().status == 200);
}

TEST_CASE("a request that is handled for longer than the limit says gives up its place") {
  std::vector<Responder> waiting;
  ServerLimits limits = limits_of(1);
  limits.handling_kept = Duration::zero();
  TestServer server(
      [&](const std::shared_ptr<Request>& request, const Responder& respond) {
        if (request->path != "/wait") return respond(Response::text(200, "at once"));
        waiting.push_back(respond);
      },
      limits);
  RawClient poll(server.port);
  REQUIRE(poll.send(get("/wait")));
  while (server.loop.run([&] { return waiting.size(); }) < 1) {
  }
  RawClient next(server.port);
  REQUIRE(next.ask(get("/")).status == 200);
  REQUIRE(poll.closed_by_peer());
}

TEST_CASE("a flood of requests in hand keeps out neither its own sender nor anybody else") {
  std::vector<Responder> waiting;
  ServerLimits limits = limits_of(4);
  limits.max_connections_per_client = 3;
  limits.handling_kept = std::chrono::hours(1);
  TestServer server(
      [&](const std::shared_ptr<Request>& request, const Responder& respond) {
        if (request->path != "/wait") return respond(Response::text(200, "at once"));
        waiting.push_back(respond);
      },
      limits);
  const auto wait_for = [&](std::size_t requests) {
    while (server.loop.run([&] { return waiting.size(); }) < requests) {
    }
  };
  std::vector<RawClient> flood;
  for (std::size_t i = 1; i <= 5; ++i) {
    flood.emplace_back(server.port);
    REQUIRE(flood.back().send(get("/wait")));
    wait_for(i);
  }
  // Three of one client's at a time: the newest.
  REQUIRE(flood[0].closed_by_peer());
  REQUIRE(flood[1].closed_by_peer());
  std::vector<RawClient> others;
  for (std::size_t i = 6; i <= 7; ++i) {
    others.push_back(connect_from("127.0.0.2", server.port));
    REQUIRE(others.back().send(get("/wait")));
    wait_for(i);
  }
  REQUIRE(flood[2].closed_by_peer());
  // Both have two now: the oldest goes.
  RawClient third = connect_from("127.0.0.3", server.port);
  REQUIRE(third.ask(get("/")).status == 200);
  REQUIRE(flood[3].closed_by_peer());
  third.close();
  server.wait_for_connections(3);
  RawClient again = connect_from("127.0.0.3", server.port);
  REQUIRE(again.send(get("/wait")));
  wait_for(8);
  RawClient fourth = connect_from("127.0.0.4", server.port);
  REQUIRE(fourth.ask(get("/")).status == 200);
  REQUIRE(others[0].closed_by_peer());
  RawClient fifth = connect_from("127.0.0.4", server.port);
  REQUIRE(fifth.ask(get("/")).status == 200);
  REQUIRE(fourth.closed_by_peer());  // it only waited
  server.loop.run([&] {
    for (const Responder& respond : waiting)
      respond(Response::text(200, "done"));
    waiting.clear();
  });
  REQUIRE(flood[4].read_answer().status == 200);
  REQUIRE(others[1].read_answer().status == 200);
  REQUIRE(again.read_answer().status == 200);
}

TEST_CASE("a request in hand is not taken from a client that has no more than the new one's") {
  std::vector<Responder> waiting;
  ServerLimits limits = limits_of(2);
  limits.handling_kept = std::chrono::hours(1);
  TestServer server([&](const std::shared_ptr<Request>&,
                        const Responder& respond) { waiting.push_back(respond); },
                    limits);
  RawClient one = connect_from("127.0.0.1", server.port);
  RawClient other = connect_from("127.0.0.2", server.port);
  REQUIRE(one.send(get("/")));
  REQUIRE(other.send(get("/")));
  while (server.loop.run([&] { return waiting.size(); }) < 2) {
  }
  RawClient third = connect_from("127.0.0.3", server.port);
  REQUIRE(third.ask(get("/")).status == 503);
  server.loop.run([&] {
    for (const Responder& respond : waiting)
      respond(Response::text(200, "done"));
    waiting.clear();
  });
  REQUIRE(one.read_answer().status == 200);
  REQUIRE(other.read_answer().status == 200);
}

TEST_CASE("of a thousand connections some are looked at each time, and one always gives way") {
  TestServer server(echo_handler(), limits_of(1000));
  std::vector<RawClient> idle;
  for (int i = 0; i < 1000; ++i)
    idle.emplace_back(server.port);
  for (int i = 0; i < 1200; ++i) {
    RawClient next(server.port);
    REQUIRE(next.ask(get("/")).status == 200);
    idle.push_back(std::move(next));
  }
  CHECK(server.stats().connections_evicted == 1200);
  CHECK(server.stats().connections_refused == 0);
}

TEST_CASE("the room may shrink while the server runs") {
  std::atomic<std::size_t> room{8};
  ServerLimits limits = limits_of(8);
  limits.room = [&room] { return room.load(); };
  TestServer server(echo_handler(), limits);
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back(server.port);
    REQUIRE(clients.back().ask(get("/")).status == 200);
  }
  room = 3;
  RawClient next(server.port);
  REQUIRE(next.ask(get("/")).status == 200);
  server.wait_for_connections(3);
}

TEST_CASE("on a Unix socket the connections of one process are counted together") {
  const TempDir directory;
  const std::string path = directory.path() / "s.sock";
  ServerLimits limits = limits_of(100);
  limits.max_connections_per_client = 2;
  limits.count_processes = true;
  TestServer server(echo_handler(), limits, {}, make_listener("unix:" + path));
  std::vector<RawClient> clients;
  for (int i = 0; i < 3; ++i) {
    clients.emplace_back(path);
    REQUIRE(clients.back().ask(get("/")).status == 200);
  }
  REQUIRE(clients[0].closed_by_peer());
}

TEST_CASE("what restricts() says of a connection is told to the handler") {
  ServerLimits limits;
  limits.restricts = [](int connection) { return connection >= 0; };
  TestServer server(
      [](const std::shared_ptr<Request>& request, const Responder& respond) {
        respond(Response::text(request->peer.restricted ? 403 : 200, ""));
      },
      limits);
  RawClient client(server.port);
  REQUIRE(client.ask(get("/")).status == 403);
}

TEST_CASE("a listener that a neighbour has made blocking does not hang the server or its drain") {
  Fd listener = make_listener();
  const Fd neighbour = duplicate(listener);
  TestServer server(echo_handler(), {}, {}, std::move(listener));
  REQUIRE(::fcntl(neighbour.get(), F_SETFL, 0) == 0);
  RawClient client(server.port);
  REQUIRE(client.ask(get("/")).status == 200);
  REQUIRE(::fcntl(neighbour.get(), F_SETFL, 0) == 0);
  client.close();
  server.drain().get();
}

TEST_CASE("large responses that nobody reads are bounded, and the next takes the place of one") {
  constexpr std::size_t kSize = 16u << 20;  // more than both sockets' buffers hold
  ServerLimits limits = limits_of(100);
  limits.body_memory = 4 * kSize;
  const Handler handler = [](const std::shared_ptr<Request>& request, const Responder& respond) {
    respond(Response::text(200, std::string(request->path == "/large" ? kSize : 100, 'x')));
  };
  SECTION("one client gets half") {
    TestServer server(handler, limits);
    std::vector<RawClient> clients;
    for (int i = 0; i < 2; ++i) {
      clients.emplace_back(server.port).send(get("/large"));
      REQUIRE(clients.back().readable(kPatienceMs));
    }
    CHECK(server.stats().body_bytes >= 2 * kSize);
    RawClient third(server.port);
    const RawAnswer refused = third.ask(get("/large"));
    CHECK(refused.status == 503);
    CHECK(refused.field("Retry-After") == "1");
    CHECK(third.ask(get("/small")).status == 200);
    third.send("HEAD /large HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(third.read_answer(true).status == 200);
    RawClient other = connect_from("127.0.0.2", server.port);
    CHECK(other.ask(get("/large")).status == 200);
    // What is read makes room at once.
    CHECK(clients.front().read_answer().body.size() == kSize);
    RawClient fourth(server.port);
    CHECK(fourth.ask(get("/large")).status == 200);
  }
  SECTION("what has not been read for two seconds gives way, to its own client") {
    TestServer server(handler, limits);
    RawClient unread(server.port);
    unread.send(get("/large"));
    RawClient also_unread(server.port);
    also_unread.send(get("/large"));
    REQUIRE(also_unread.readable(kPatienceMs));
    RawClient next(server.port);
    RawAnswer answer;
    const auto is_served = [&] { return (answer = next.ask(get("/large"))).status == 200; };
    REQUIRE(holdfast::test::wait_until(is_served));
    CHECK(answer.body.size() == kSize);
    CHECK(server.stats().connections_evicted == 1);
  }
  SECTION("one that is larger than all memory for bodies is sent if there is no other") {
    limits.body_memory = kSize / 2;
    TestServer server(handler, limits);
    RawClient client(server.port);
    CHECK(client.ask(get("/large")).body.size() == kSize);
    CHECK(server.stats().body_bytes == 0);
  }
}
