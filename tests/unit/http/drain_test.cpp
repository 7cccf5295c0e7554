// SPDX-License-Identifier: Apache-2.0
// The end of a server that leaves nobody without the answer it waits for.
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include <atomic>
#include <optional>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

bool is_ready(std::future<void>& future) {
  return future.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
}

bool becomes_ready(std::future<void>& future) {
  return future.wait_for(std::chrono::milliseconds(kPatienceMs)) == std::future_status::ready;
}

}  // namespace

TEST_CASE("A server without connections is drained at once") {
  TestServer server(echo_handler());
  auto drained = server.drain();
  CHECK(becomes_ready(drained));
  CHECK(server.loop.run([&] { return server.server->draining(); }));
  CHECK_FALSE(server.loop.run([&] { return server.server->listen(make_listener()); }));
}

TEST_CASE("Draining closes idle connections") {
  TestServer server(echo_handler());
  RawClient fresh(server.port);
  RawClient used(server.port);
  CHECK(used.ask(get("/")).status == 200);
  server.wait_for_connections(2);
  auto drained = server.drain();
  CHECK(fresh.closed_by_peer());
  CHECK(used.closed_by_peer());
  CHECK(becomes_ready(drained));
}

TEST_CASE("A request that has arrived when draining begins is answered") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  CHECK(client.ask(get("/")).status == 200);
  auto promise = std::make_shared<std::promise<void>>();
  auto drained = promise->get_future();
  server.loop.run([&] {
    // The loop stands still here: these bytes are in the socket, and nobody has seen them.
    client.send(get("/last"));
    server.server->drain([promise] { promise->set_value(); });
  });
  const RawAnswer answer = client.read_answer();
  CHECK(answer.body == "GET /last ");
  CHECK(answer.field("Connection") == "close");
  client.close();
  CHECK(becomes_ready(drained));
}

TEST_CASE("A request that waits in the backlog when draining begins is answered") {
  TestServer server(echo_handler());
  std::optional<RawClient> client;
  auto promise = std::make_shared<std::promise<void>>();
  auto drained = promise->get_future();
  server.loop.run([&] {
    // The loop stands still here: the kernel has taken the connection, and nobody has accepted it.
    client.emplace(server.port);
    client->send(get("/waiting"));
    server.server->drain([promise] { promise->set_value(); });
  });
  const RawAnswer answer = client->read_answer();
  CHECK(answer.body == "GET /waiting ");
  CHECK(answer.field("Connection") == "close");
  client->close();
  CHECK(becomes_ready(drained));
}

TEST_CASE("A request that is half read when draining begins is finished and answered") {
  TestServer server(echo_handler());
  RawClient head(server.port);
  head.send("GET /head HTTP/1.1\r\n");
  RawClient body(server.port);
  REQUIRE(body.ask("POST /body HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                   "Content-Length: 4\r\n\r\n")
              .status == 100);
  RawClient probe(server.port);
  CHECK(probe.ask(get("/")).status == 200);
  server.wait_for_connections(3);
  auto drained = server.drain();
  const RawAnswer of_body = body.ask("1234");
  CHECK(of_body.body == "POST /body 1234");
  CHECK(of_body.field("Connection") == "close");
  CHECK_FALSE(is_ready(drained));
  const RawAnswer of_head = head.ask("Host: h\r\n\r\n");
  CHECK(of_head.body == "GET /head ");
  CHECK(of_head.field("Connection") == "close");
  head.close();
  body.close();
  CHECK(becomes_ready(drained));
}

TEST_CASE("A request in work is waited for; pipelined ones behind it are not begun") {
  std::vector<Responder> held;
  std::promise<void> in_work;
  TestServer server([&](const std::shared_ptr<Request>&, const Responder& respond) {
    held.push_back(respond);
    in_work.set_value();
  });
  RawClient client(server.port);
  client.send(get("/1") + get("/2"));
  in_work.get_future().wait();
  auto drained = server.drain();
  CHECK_FALSE(is_ready(drained));
  server.loop.run([&] { held.at(0)(Response::text(200, "done")); });
  const RawAnswer answer = client.read_answer();
  CHECK(answer.body == "done");
  CHECK(answer.field("Connection") == "close");  // so the client knows that /2 was not begun
  client.finish_sending();
  CHECK(client.read_rest().empty());
  CHECK(becomes_ready(drained));
}

TEST_CASE("Under load every request that a handler saw is answered") {
  std::atomic<int> handled{0};
  boost::asio::thread_pool pool(2);
  {
    TestServer server([&](const std::shared_ptr<Request>&, const Responder& respond) {
      ++handled;
      boost::asio::post(pool, [respond] { respond(Response::text(200, "x")); });
    });
    std::atomic<int> answered{0};
    std::atomic<int> told_to_leave{0};
    std::vector<std::thread> clients;
    for (int i = 0; i < 16; ++i) {
      clients.emplace_back([&] {
        RawClient client(server.port);
        while (true) {
          const RawAnswer answer = client.ask(get("/"));
          if (answer.status != 200) return;
          ++answered;
          if (answer.field("Connection") != "close") continue;
          ++told_to_leave;
          return;
        }
      });
    }
    while (answered < 1000)
      std::this_thread::yield();
    auto drained = server.drain();
    CHECK(becomes_ready(drained));
    for (auto& client : clients)
      client.join();
    CHECK(handled == answered);
    CHECK(told_to_leave > 0);
    CHECK(server.stats().connections_open == 0);
  }
  pool.join();
}

TEST_CASE("Of two servers on one listener, one drains and the other takes every connection") {
  Fd listener = make_listener();
  Fd shared = duplicate(listener);
  auto leaving = std::make_unique<TestServer>(
      [](const std::shared_ptr<Request>&, const Responder& respond) {
        respond(Response::text(200, "leaving"));
      },
      ServerLimits{}, RefusalHandler{}, std::move(listener));
  TestServer staying([](const std::shared_ptr<Request>&,
                        const Responder& respond) { respond(Response::text(200, "staying")); },
                     {}, {}, std::move(shared));
  for (int i = 0; i < 20; ++i) {
    RawClient client(staying.port);
    CHECK(client.ask(get("/", "Connection: close\r\n")).status == 200);
  }
  auto drained = leaving->drain();
  CHECK(becomes_ready(drained));
  for (int i = 0; i < 50; ++i) {
    RawClient client(staying.port);
    CHECK(client.ask(get("/", "Connection: close\r\n")).body == "staying");
  }
  leaving.reset();
  RawClient client(staying.port);
  CHECK(client.ask(get("/")).body == "staying");
}

TEST_CASE("Everybody who waits for the drain is told") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  client.send("GET / HT");
  server.wait_for_connections(1);
  RawClient probe(server.port);
  CHECK(probe.ask(get("/")).status == 200);
  auto first = server.drain();
  auto second = server.drain();
  client.close();
  CHECK(becomes_ready(first));
  CHECK(becomes_ready(second));
}
