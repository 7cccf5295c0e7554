// SPDX-License-Identifier: Apache-2.0
// What handlers may do with the Responder that they are given.
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <atomic>
#include <mutex>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

// Keeps what handlers were given until the test takes it.
class Held {
 public:
  Handler handler() {
    return [this](const std::shared_ptr<Request>&, const Responder& respond) {
      const std::lock_guard lock(mutex_);
      responders_.push_back(respond);
    };
  }
  Responder take() {
    while (true) {
      {
        const std::lock_guard lock(mutex_);
        if (!responders_.empty()) {
          Responder first = std::move(responders_.front());
          responders_.erase(responders_.begin());
          return first;
        }
      }
      std::this_thread::yield();
    }
  }

 private:
  std::mutex mutex_;
  std::vector<Responder> responders_;
};

}  // namespace

TEST_CASE("A request may be answered from another thread") {
  Held held;
  TestServer server(held.handler());
  RawClient client(server.port);
  for (int i = 0; i < 100; ++i) {
    client.send(get("/"));
    held.take()(Response::text(200, std::to_string(i)));  // this is not the loop's thread
    CHECK(client.read_answer().body == std::to_string(i));
  }
}

TEST_CASE("Only the first answer counts") {
  Held held;
  TestServer server(held.handler());
  RawClient client(server.port);
  client.send(get("/"));
  const Responder respond = held.take();
  const Responder copy = respond;
  respond(Response::text(200, "first"));
  copy(Response::text(200, "second"));
  CHECK(client.read_answer().body == "first");
  client.send(get("/"));
  held.take()(Response::text(200, "third"));
  CHECK(client.read_answer().body == "third");
}

TEST_CASE("A Responder that is dropped answers 500") {
  SECTION("in the handler") {
    TestServer server([](const std::shared_ptr<Request>&, const Responder&) {});
    RawClient client(server.port);
    CHECK(client.ask(get("/")).status == 500);
  }
  SECTION("later, elsewhere") {
    Held held;
    TestServer server(held.handler());
    RawClient client(server.port);
    client.send(get("/"));
    { const Responder dropped = held.take(); }
    CHECK(client.read_answer().status == 500);
  }
}

TEST_CASE("A handler that throws answers 500 and the server goes on") {
  TestServer server([](const std::shared_ptr<Request>& request, const Responder& respond) {
    if (request->path == "/bad") throw std::runtime_error("secret");
    if (request->path == "/worse") throw 7;
    respond(Response::text(200, "fine"));
  });
  for (const char* path : {"/bad", "/worse"}) {
    RawClient client(server.port);
    const RawAnswer answer = client.ask(get(path));
    CHECK(answer.status == 500);
    CHECK(answer.body.find("secret") == std::string::npos);
    RawClient other(server.port);
    CHECK(other.ask(get("/")).body == "fine");
  }
}

TEST_CASE("A refusal handler that throws still leaves the client with an answer") {
  TestServer server(echo_handler(), {},
                    [](const Request&, const Refusal&) -> Response { throw std::bad_alloc(); });
  RawClient client(server.port);
  CHECK(client.ask("GET / HTTP/1.1\r\n\r\n").status == 400);
}

TEST_CASE("A body limit that throws ends its own connection only") {
  ServerLimits limits;
  limits.body_limit = [](const Request&) -> std::uint64_t { throw std::runtime_error("no"); };
  TestServer server(echo_handler(), limits);
  RawClient client(server.port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx");
  CHECK(client.read_answer().status == 0);
  RawClient other(server.port);
  CHECK(other.ask(get("/")).status == 200);
}

TEST_CASE("A client that goes away while its request is worked on harms nobody") {
  Held held;
  TestServer server(held.handler());
  SECTION("by reset") {
    RawClient client(server.port);
    client.send(get("/"));
    const Responder respond = held.take();
    client.reset();
    respond(Response::text(200, std::string(1'000'000, 'x')));
  }
  SECTION("by close") {
    RawClient client(server.port);
    client.send(get("/"));
    const Responder respond = held.take();
    client.close();
    respond(Response::text(200, std::string(1'000'000, 'x')));
  }
  SECTION("in the middle of a request") {
    RawClient client(server.port);
    client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf");
    client.close();
  }
  server.wait_for_connections(0);
  RawClient other(server.port);
  other.send(get("/"));
  held.take()(Response::text(200, "alive"));
  CHECK(other.read_answer().body == "alive");
}

TEST_CASE("A client that has closed its sending side still gets its answer") {
  Held held;
  TestServer server(held.handler());
  RawClient client(server.port);
  client.send(get("/"));
  client.finish_sending();
  held.take()(Response::text(200, "here"));
  CHECK(client.read_answer().body == "here");
  CHECK(client.closed_by_peer());
}

TEST_CASE("Destroying the server closes every connection, whatever it is doing") {
  Held held;
  auto server = std::make_unique<TestServer>(held.handler());
  RawClient idle(server->port);
  RawClient half(server->port);
  half.send("GET / HT");
  RawClient working(server->port);
  working.send(get("/"));
  const Responder respond = held.take();
  server->wait_for_connections(3);
  server->destroy();
  CHECK(idle.closed_by_peer());
  CHECK(working.read_answer().status == 0);
  CHECK(half.read_answer().status == 0);
  respond(Response::text(200, "to nobody"));
  server.reset();
  respond(Response::text(200, "to nobody, after the loop"));
}

TEST_CASE("A handler may destroy the server it runs in") {
  std::unique_ptr<Server> server;
  Loop loop;
  Fd listener = make_listener();
  const std::uint16_t port = port_of(listener);
  loop.run([&] {
    server = std::make_unique<Server>(
        loop.io, ServerLimits{},
        [&](const std::shared_ptr<Request>&, const Responder& respond) {
          server.reset();
          respond(Response::text(200, "to nobody"));
        },
        RefusalHandler{});
    return server->listen(std::move(listener)).has_value();
  });
  RawClient client(port);
  CHECK(client.ask(get("/")).status == 0);
}

TEST_CASE("Answers race with the end of their connections and the server") {
  Held held;
  TestServer server(held.handler());
  std::atomic<bool> over{false};
  std::thread worker([&] {
    while (!over) {
      const Responder respond = held.take();
      respond(Response::text(200, "x"));
    }
  });
  for (int i = 0; i < 200; ++i) {
    RawClient client(server.port);
    client.send(get("/"));
    if (i % 2 == 0) {
      client.reset();
    } else {
      CHECK(client.read_answer().status == 200);
    }
  }
  over = true;
  RawClient last(server.port);  // wakes the worker for the last time
  last.send(get("/"));
  worker.join();
  server.wait_for_connections(1);
}
