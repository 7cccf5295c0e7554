// SPDX-License-Identifier: Apache-2.0
// What a hostile or broken client sends never reaches a handler, whatever way it is sent.
#include "tests/support/catch.hpp"
#include "tests/support/hostile/requests.hpp"
#include "tests/unit/http/harness.hpp"

#include <atomic>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;
using holdfast::test::hostile_requests;
using holdfast::test::many_fields;
using holdfast::test::post_with;

TEST_CASE("Hostile requests are refused with the right status and never reach a handler") {
  std::atomic<int> handled{0};
  std::atomic<int> refused{0};
  TestServer server(
      [&](const std::shared_ptr<Request>&, const Responder& respond) {
        ++handled;
        respond(Response::text(200, "ok"));
      },
      {},
      [&](const Request& request, const Refusal& refusal) {
        ++refused;
        auto response = Response::text(refusal.status, refusal.detail);
        response.headers.add("X-Decorated", request.peer.address);
        return response;
      });
  int expected = 0;
  for (const auto& group : hostile_requests()) {
    for (const auto& [name, bytes, status] : group.requests) {
      INFO(group.title << ": " << name);
      RawClient client(server.port);
      client.send(bytes);
      const RawAnswer answer = client.read_answer();
      CHECK(answer.status == status);
      CHECK(answer.field("Connection") == "close");
      CHECK(answer.field("X-Decorated") == "127.0.0.1");
      CHECK_FALSE(answer.body.empty());
      client.finish_sending();
      CHECK(client.read_rest().empty());
      ++expected;
    }
  }
  CHECK(handled == 0);
  CHECK(refused == expected);

  RawClient friendly(server.port);
  CHECK(friendly.ask(get("/")).status == 200);
}

TEST_CASE("A hostile request behind good ones costs them nothing, and nothing behind it is run") {
  std::vector<std::string> handled;
  TestServer server([&](const std::shared_ptr<Request>& request, const Responder& respond) {
    handled.push_back(request->path);
    respond(Response::text(200, request->path));
  });
  for (const auto& group : hostile_requests()) {
    for (const auto& [name, bytes, status] : group.requests) {
      if (bytes.size() > 64 << 10) continue;  // one that fits what the kernel buffers
      INFO(group.title << ": " << name);
      server.loop.run([&] { handled.clear(); });
      RawClient client(server.port);
      client.send(get("/1") + get("/2") + bytes + get("/smuggled"));
      CHECK(client.read_answer().body == "/1");
      CHECK(client.read_answer().body == "/2");
      const RawAnswer refused = client.read_answer();
      CHECK(refused.status == status);
      CHECK(refused.field("Connection") == "close");
      client.finish_sending();
      CHECK(client.read_rest().empty());
      CHECK(server.loop.run([&] { return handled; }) == std::vector<std::string>{"/1", "/2"});
    }
  }
}

TEST_CASE("A line of 40 MiB is refused after a few KiB of it, and not read to its end") {
  TestServer server(echo_handler());
  const auto flood = [&](const std::string& start, bool is_read = false) {
    RawClient client(server.port);
    client.send(start);
    const std::string piece(1 << 20, 'a');
    bool taken = true;
    std::thread sender([&] {
      for (int i = 0; i < 40 && taken; ++i)
        taken = client.send(piece);
    });
    const RawAnswer answer = client.read_answer();
    sender.join();
    CHECK(taken == is_read);  // what the kernel buffers is less than 40 MiB
    return answer.status;
  };
  CHECK(flood("GET / HTTP/1.1\r\nHost: h\r\nA: ") == 431);
  CHECK(flood("GET /") == 414);
  CHECK(flood("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;a=") == 431);
  CHECK(flood("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: ") == 431);
  // A body that is only too large is discarded, so that a proxy that is passing it on can answer.
  CHECK(flood("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 41943040\r\n\r\n", true) == 413);
}

TEST_CASE("What looks odd and is allowed is served") {
  TestServer server(echo_handler());
  const std::string chunked = "Transfer-Encoding: chunked\r\n";
  const std::vector<std::string> requests{
      "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: h:\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: a-b_c.example:65535\r\n\r\n",
      "GET / HTTP/1.1\r\nhost:   h  \r\nA:\r\n\r\n",
      "get-it / HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /?a=" + std::string(8100, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET /?q=%0d%0a%2f%5c HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET http://other:80/a HTTP/1.1\r\nHost: h\r\n\r\n",
      "GET / HTTP/1.1\r\nHost: [::1]:80\r\n" + many_fields(99) + "\r\n",
      "GET /caf\xc3\xa9 HTTP/1.1\r\nHost: h\r\nA: \xe9\r\n\r\n",
      post_with("Content-Length: 000\r\n"),
      post_with(chunked, "1;a=b;c=\"d e\"\r\nx\r\n001\r\ny\r\n00\r\nX-Late: 1\r\n\r\n"),
      post_with(chunked, "5000\r\n" + std::string(0x5000, 'a') + "\r\n0\r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\nx",
      "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\n\r\n",
  };
  for (const auto& request : requests) {
    CAPTURE(request);
    RawClient client(server.port);
    const RawAnswer answer = client.ask(request);
    CHECK(answer.status == 200);
    CHECK(answer.field("Connection").empty());
  }
}

TEST_CASE("A body of one-byte chunks is still a body") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  std::string chunks;
  for (int i = 0; i < 50'000; ++i)
    chunks += "1\r\na\r\n";
  const RawAnswer answer =
      client.ask(post_with("Transfer-Encoding: chunked\r\n", chunks + "0\r\n\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.body.size() == std::string("POST /api/search ").size() + 50'000);
}
