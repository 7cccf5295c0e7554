// SPDX-License-Identifier: Apache-2.0
#include "common/http/client.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

Result<Response> get_with(const std::string& url, const FetchOptions& options = {},
                          const Headers& headers = {}) {
  Loop loop;
  std::promise<Result<Response>> promise;
  async_get(loop.io, url, headers, options,
            [&](Result<Response> result) { promise.set_value(std::move(result)); });
  return promise.get_future().get();
}

ErrorKind error_of(const Result<Response>& result) {
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK_FALSE(result.error().message.empty());
  return result.error().kind;
}

FetchOptions impatient() {
  FetchOptions options;
  options.deadline = std::chrono::milliseconds(200);
  return options;
}

}  // namespace

TEST_CASE("async_get over a Unix socket and over TCP") {
  TempDir dir;
  TestServer server([](const std::shared_ptr<Request>& request, const Responder& respond) {
    Response response = Response::text(203, std::string(100'000, 'x'));
    response.headers.add("X-Target", request->target);
    response.headers.add("X-Asked", *request->headers.find("X-Ask"));
    respond(response);
  });
  server.loop.run([&] {
    return server.server->listen(make_listener("unix:" + (dir / "s").string())).has_value();
  });
  Headers headers;
  headers.add("X-Ask", "me");
  const std::string port = std::to_string(server.port);
  for (const auto& url :
       {"unix:" + (dir / "s").string() + ":/m?a=b", "http://127.0.0.1:" + port + "/m?a=b",
        "http://localhost:" + port + "/m?a=b"}) {
    CAPTURE(url);
    const auto result = get_with(url, {}, headers);
    REQUIRE(result);
    CHECK(result->status == 203);
    CHECK(result->body.size() == 100'000);
    CHECK(*result->headers.find("X-Target") == "/m?a=b");
    CHECK(*result->headers.find("X-Asked") == "me");
  }
}

TEST_CASE("async_get finds a localhost that listens on ::1 alone") {
  TestServer server(echo_handler(), {}, {}, make_listener("[::1]:0"));
  const auto result = get_with("http://localhost:" + std::to_string(server.port) + "/there");
  REQUIRE(result);
  CHECK(result->body == "GET /there ");
}

TEST_CASE("async_get takes every framing that HTTP has") {
  const auto body_of = [](const std::string& bytes) {
    ScriptedPeer peer(answering(bytes));
    const auto result = get_with(peer.url());
    REQUIRE(result);
    return result->body;
  };
  CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab") == "ab");
  CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nabcd") == "ab");
  CHECK(body_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n") ==
        "ab");
  CHECK(body_of("HTTP/1.0 200 OK\r\n\r\nuntil the end") == "until the end");
  CHECK(body_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").empty());
  CHECK(body_of("HTTP/1.1 204 No Content\r\n\r\n").empty());
  CHECK(body_of("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na") == "a");
}

TEST_CASE("A truncated answer is an error, never a short body") {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Le"), std::string("HTTP/1.1 2")}) {
    CAPTURE(bytes);
    ScriptedPeer peer(answering(bytes));
    CHECK(error_of(get_with(peer.url())) == ErrorKind::DataLoss);
  }
}

TEST_CASE("An answer that is no HTTP is an error") {
  for (const std::string& bytes :
       {std::string("hello\r\n\r\n"), std::string("HTTP/1.1 xxx OK\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"),
        std::string("HTTP/1.1 200 OK\r\nA: b\x01\r\n\r\n")}) {
    CAPTURE(bytes);
    ScriptedPeer peer(answering(bytes));
    CHECK(error_of(get_with(peer.url())) == ErrorKind::DataLoss);
  }
}

TEST_CASE("A peer that closes or resets without an answer is unavailable") {
  ScriptedPeer closing([](RawClient& client) { read_request_head(client); });
  CHECK(error_of(get_with(closing.url())) == ErrorKind::Unavailable);
  ScriptedPeer resetting([](RawClient& client) {
    read_request_head(client);
    client.send("HTTP/1.0 200 OK\r\n\r\npart of a body that ends with the connection");
    client.reset();
  });
  CHECK(error_of(get_with(resetting.url())) == ErrorKind::Unavailable);
}

TEST_CASE("An answer longer than allowed is an error") {
  FetchOptions options;
  options.max_response_bytes = 4;
  for (const std::string& bytes :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabcde"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                    "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        std::string("HTTP/1.0 200 OK\r\n\r\nabcde"),
        "HTTP/1.1 200 OK\r\nA: " + std::string(100'000, 'a') + "\r\n\r\n"}) {
    CAPTURE(bytes.substr(0, 60));
    ScriptedPeer peer(answering(bytes));
    CHECK(error_of(get_with(peer.url(), options)) == ErrorKind::ResourceExhausted);
  }
  ScriptedPeer fitting(answering("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nabcd"));
  CHECK(get_with(fitting.url(), options));
}

TEST_CASE("One deadline covers the whole of async_get") {
  SECTION("a peer that says nothing") {
    ScriptedPeer peer([](RawClient& client) {
      read_request_head(client);
      client.readable(kPatienceMs);  // until the other side gives up
    });
    CHECK(error_of(get_with(peer.url(), impatient())) == ErrorKind::DeadlineExceeded);
  }
  SECTION("a peer that drips") {
    ScriptedPeer peer([](RawClient& client) {
      read_request_head(client);
      client.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
      while (!client.readable(5) && client.send("x")) {
      }
    });
    CHECK(error_of(get_with(peer.url(), impatient())) == ErrorKind::DeadlineExceeded);
  }
  SECTION("a listener that never accepts") {
    const Fd listener = make_listener();
    const std::string url = "http://127.0.0.1:" + std::to_string(port_of(listener)) + "/";
    CHECK(error_of(get_with(url, impatient())) == ErrorKind::DeadlineExceeded);
  }
}

TEST_CASE("Nobody to connect to, and addresses that async_get does not take") {
  TempDir dir;
  CHECK(error_of(get_with("unix:" + (dir / "none").string() + ":/")) == ErrorKind::Unavailable);
  std::uint16_t free_port = port_of(make_listener());
  CHECK(error_of(get_with("http://127.0.0.1:" + std::to_string(free_port) + "/")) ==
        ErrorKind::Unavailable);
  for (const std::string& url :
       {std::string("nonsense"), std::string("https://127.0.0.1/"),
        std::string("http://example.org/"), "unix:/" + std::string(200, 'a') + ":/"}) {
    CAPTURE(url);
    CHECK(error_of(get_with(url)) == ErrorKind::InvalidArgument);
  }
}

TEST_CASE("Gets that are under way when the loop ends are dropped without a leak") {
  const Fd listener = make_listener();
  const std::string url = "http://127.0.0.1:" + std::to_string(port_of(listener)) + "/";
  bool called = false;
  {
    boost::asio::io_context io;
    async_get(io, url, {}, {}, [&](const Result<Response>&) { called = true; });
    while (io.poll_one() != 0) {
    }
  }
  CHECK_FALSE(called);
}
