// SPDX-License-Identifier: Apache-2.0
// One client and a well-behaved server: what HTTP/1.1 promises about a connection.
#include "common/net/refuse_descriptors.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/send_descriptor.hpp"
#include "tests/unit/http/harness.hpp"

#include <fcntl.h>
#include <sys/socket.h>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

TEST_CASE("A connection is kept for the next request") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  for (int i = 0; i < 3; ++i) {
    const RawAnswer answer = client.ask(get("/a%20b"));
    CHECK(answer.status == 200);
    CHECK(answer.body == "GET /a b ");
    CHECK(answer.field("Connection").empty());
    CHECK_FALSE(answer.field("Date").empty());
    CHECK(answer.field("Server").empty());
  }
  const ServerStats stats = server.stats();
  CHECK(stats.connections_total == 1);
  CHECK(stats.connections_open == 1);
  CHECK(stats.requests_total == 3);
  CHECK(stats.requests_in_flight == 0);
}

TEST_CASE("What a sharer of the listener has set for connections keeps no request unheard") {
  Fd listener = make_listener();
  const int much = 1 << 20;
  REQUIRE(::setsockopt(listener.get(), SOL_SOCKET, SO_RCVLOWAT, &much, sizeof much) == 0);
  const linger cut{1, 0};
  REQUIRE(::setsockopt(listener.get(), SOL_SOCKET, SO_LINGER, &cut, sizeof cut) == 0);
  TestServer server(echo_handler(), {}, {}, std::move(listener));
  RawClient client(server.port);
  server.wait_for_connections(1);  // the bytes come after the accept
  CHECK(client.ask(get("/late", "Connection: close\r\n")).status == 200);
  CHECK(client.closed_by_peer());  // and not by a reset
}

TEST_CASE("Pipelined requests are answered in their order") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  std::string burst;
  for (int i = 0; i < 500; ++i) {
    burst += "POST /" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
  }
  client.send(burst);
  for (int i = 0; i < 500; ++i) {
    CHECK(client.read_answer().body == "POST /" + std::to_string(i) + " hi");
  }
}

TEST_CASE("Answers keep the order of pipelined requests even when a later one is ready first") {
  std::vector<Responder> waiting;
  std::promise<void> first_is_waiting;
  TestServer server([&](const std::shared_ptr<Request>& request, const Responder& respond) {
    if (request->path != "/slow") return respond(Response::text(200, "quick"));
    waiting.push_back(respond);
    first_is_waiting.set_value();
  });
  RawClient client(server.port);
  client.send(get("/slow") + get("/quick"));
  first_is_waiting.get_future().wait();
  server.loop.run([&] { waiting[0](Response::text(200, "slow")); });
  CHECK(client.read_answer().body == "slow");
  CHECK(client.read_answer().body == "quick");
}

TEST_CASE("Connection: close is honoured") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  const RawAnswer answer = client.ask(get("/", "Connection: close\r\n"));
  CHECK(answer.status == 200);
  CHECK(answer.field("Connection") == "close");
  CHECK(client.closed_by_peer());
}

TEST_CASE("An HTTP/1.0 client is answered and the connection closed") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  const RawAnswer answer = client.ask("GET /old HTTP/1.0\r\n\r\n");
  CHECK(answer.body == "GET /old ");
  CHECK(answer.field("Connection") == "close");
  CHECK(client.closed_by_peer());
}

TEST_CASE("A handler may have the connection closed") {
  TestServer server([](const std::shared_ptr<Request>&, const Responder& respond) {
    Response response = Response::text(200, "bye");
    response.close = true;
    respond(response);
  });
  RawClient client(server.port);
  const RawAnswer answer = client.ask(get("/"));
  CHECK(answer.field("Connection") == "close");
  CHECK(client.closed_by_peer());
}

TEST_CASE("HEAD gets the head of GET and no body") {
  TestServer server([](const std::shared_ptr<Request>&, const Responder& respond) {
    respond(Response::text(200, std::string(1000, 'x')));
  });
  RawClient client(server.port);
  client.send("HEAD / HTTP/1.1\r\nHost: h\r\n\r\n");
  const RawAnswer answer = client.read_answer(true);
  CHECK(answer.status == 200);
  CHECK(answer.field("Content-Length") == "1000");
  CHECK(client.ask(get("/")).body.size() == 1000);  // nothing was left in between
}

TEST_CASE("A refused HEAD has no body either") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  client.send("HEAD / HTTP/1.1\r\n\r\n");
  CHECK(client.read_answer(true).status == 400);
  CHECK(client.read_rest().empty());
}

TEST_CASE("204 and 304 are sent without a body or its length") {
  TestServer server([](const std::shared_ptr<Request>& request, const Responder& respond) {
    respond(Response::text(request->path == "/204" ? 204 : 304, "not to be seen"));
  });
  RawClient client(server.port);
  for (const char* path : {"/204", "/304", "/204"}) {
    const RawAnswer answer = client.ask(get(path));
    CHECK(answer.status / 100 > 1);
    CHECK(answer.field("Content-Length").empty());
  }
}

TEST_CASE("Expect: 100-continue is answered once the head is accepted") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  const RawAnswer go_on = client.ask(
      "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(go_on.status == 100);
  CHECK(client.ask("body").body == "POST /x body");
}

TEST_CASE("A body that is too large is refused instead of asked for") {
  ServerLimits limits;
  limits.max_body_bytes = 3;
  TestServer server(echo_handler(), limits);
  RawClient client(server.port);
  const RawAnswer answer = client.ask(
      "POST /x HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  CHECK(answer.status == 413);
  CHECK(answer.field("Connection") == "close");
}

TEST_CASE("A client that is still sending reads why it was refused") {
  TestServer server(echo_handler());
  RawClient client(server.port);
  client.send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 20000000\r\n\r\n");
  // As a proxy does: all of it, and the response afterwards.
  for (int i = 0; i < 200; ++i)
    REQUIRE(client.send(std::string(100'000, 'x')));
  const RawAnswer answer = client.read_answer();
  CHECK(answer.status == 413);
  CHECK_FALSE(answer.body.empty());
}

TEST_CASE("Large bodies travel both ways") {
  ServerLimits limits;
  limits.max_body_bytes = 16u << 20;
  TestServer server([](const std::shared_ptr<Request>& request,
                       const Responder& respond) { respond(Response::text(200, request->body)); },
                    limits);
  const std::string body(5'000'000, 'x');
  RawClient client(server.port);
  SECTION("by length") {
    const RawAnswer answer =
        client.ask("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5000000\r\n\r\n" + body);
    CHECK(answer.body == body);
  }
  SECTION("chunked") {
    client.send("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (int i = 0; i < 50; ++i)
      client.send("186a0\r\n" + body.substr(0, 100'000) + "\r\n");
    CHECK(client.ask("0\r\n\r\n").body == body);
  }
  CHECK(client.ask(get("/")).status == 200);
}

TEST_CASE("Unix sockets are served like any other") {
  TempDir dir;
  const std::string path = (dir / "s.sock").string();
  Peer seen;
  TestServer server(
      [&](const std::shared_ptr<Request>& request, const Responder& respond) {
        seen = request->peer;
        respond(Response::text(200, "over unix"));
      },
      {}, {}, make_listener("unix:" + path));
  RawClient client(path);
  CHECK(client.ask(get("/")).body == "over unix");
  CHECK(seen.unix_socket);
  CHECK(seen.address.empty());
}

TEST_CASE("A connection to a Unix socket cannot bring a descriptor to its server") {
  TempDir dir;
  const std::string path = (dir / "s.sock").string();
  Fd listener = make_listener("unix:" + path);  // as one that is inherited: it takes them
  RawClient early(path);                        // and so does what was connected before
  TestServer server(echo_handler(), {}, {}, std::move(listener));
  CHECK(early.ask(get("/")).status == 200);
  RawClient client(path);
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (net::refuse_descriptors(probe.get())) {  // this kernel can
    CHECK(test::send_descriptors(client.fd(), get("/"), {0}) == EPERM);
    CHECK(test::send_descriptors(early.fd(), get("/"), {0}) == EPERM);
  }
  CHECK(client.ask(get("/")).status == 200);
}

TEST_CASE("A TCP peer is named by its address") {
  Peer seen;
  TestServer server(
      [&](const std::shared_ptr<Request>& request, const Responder& respond) {
        seen = request->peer;
        respond(Response::text(200, ""));
      },
      {}, {}, make_listener("[::]:0"));
  RawClient client(server.port);
  CHECK(client.ask(get("/")).status == 200);
  CHECK(seen.address == "127.0.0.1");  // an IPv4 client on a dual-stack socket
  CHECK(seen.port != 0);
  CHECK_FALSE(seen.unix_socket);
}

TEST_CASE("One server serves several listeners") {
  TempDir dir;
  TestServer server(echo_handler());
  const auto second = server.loop.run([&] {
    return server.server->listen(make_listener("unix:" + (dir / "b.sock").string())).has_value();
  });
  REQUIRE(second);
  RawClient tcp(server.port);
  RawClient unix_client((dir / "b.sock").string());
  CHECK(tcp.ask(get("/")).status == 200);
  CHECK(unix_client.ask(get("/")).status == 200);
}

TEST_CASE("A descriptor that is no listener is refused") {
  TestServer server(echo_handler());
  const auto listening = server.loop.run(
      [&] { return server.server->listen(Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC))); });
  REQUIRE_FALSE(listening);
  CHECK(listening.error().kind == ErrorKind::InvalidArgument);
}
