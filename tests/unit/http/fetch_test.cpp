// SPDX-License-Identifier: Apache-2.0
#include "common/http/client.hpp"
#include "common/http/idle_connections.hpp"
#include "common/net/refuse_descriptors.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/send_descriptor.hpp"
#include "tests/unit/http/harness.hpp"

#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <future>
#include <thread>
#include <vector>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

ErrorKind error_of(const Result<Response>& result) {
  REQUIRE_FALSE(result);
  INFO(result.error().message);
  CHECK_FALSE(result.error().message.empty());
  return result.error().kind;
}

FetchOptions impatient() {
  FetchOptions options;
  options.deadline = std::chrono::milliseconds(300);
  return options;
}

std::string local_url(std::uint16_t port, std::string_view host = "127.0.0.1") {
  return "http://" + std::string(host) + ":" + std::to_string(port);
}

}  // namespace

TEST_CASE("An answer by a Unix socket cannot bring a descriptor, whoever asks") {
  TempDir dir;
  const std::string path = "unix:" + (dir / "s").string();
  const Fd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int expected = net::refuse_descriptors(probe.get()) ? EPERM : 0;  // an older kernel
  std::atomic<int> outcome{-1};
  ScriptedPeer peer(
      [&](RawClient& client) {
        read_request_head(client);
        outcome = test::send_descriptors(client.fd(), "HTTP/1.1 ", {0});
        client.send(outcome == 0 ? "" : "HTTP/1.1 ");
        client.send("204 No Content\r\n\r\n");
      },
      make_listener(path));
  CHECK(fetch("GET", path + ":/", {}, "")->status == 204);
  CHECK(outcome == expected);
  outcome = -1;
  Loop loop;
  std::promise<Result<Response>> answered;
  async_get(loop.io, path + ":/", {}, {},
            [&](Result<Response> answer) { answered.set_value(std::move(answer)); });
  CHECK(answered.get_future().get()->status == 204);
  CHECK(outcome == expected);
}

TEST_CASE("fetch sends method, target, headers and body as given, and returns the answer") {
  TempDir dir;
  Request seen;
  TestServer server([&](const std::shared_ptr<Request>& request, const Responder& respond) {
    seen = *request;
    auto response = Response::json(422, R"({"a":1})");
    response.headers.add("X-One", "1");
    respond(response);
  });
  server.loop.run([&] {
    return server.server->listen(make_listener("unix:" + (dir / "s").string())).has_value();
  });
  Headers headers;
  headers.add("X-Sent", "yes");
  headers.add("Content-Type", "application/json");
  headers.add("Content-Length", "999");  // the client's own business
  for (const auto& base : {local_url(server.port), local_url(server.port, "localhost"),
                           "unix:" + (dir / "s").string() + ":"}) {
    CAPTURE(base);
    const auto result = fetch("PUT", base + "/a%20b?x=%2B", headers, "payload");
    REQUIRE(result);
    CHECK(result->status == 422);
    CHECK(result->body == R"({"a":1})");
    CHECK(*result->headers.find("X-One") == "1");
    Request asked;
    server.loop.run([&] { asked = seen; });
    CHECK(asked.method == "PUT");
    CHECK(asked.target == "/a%20b?x=%2B");
    CHECK(*asked.headers.find("X-Sent") == "yes");
    CHECK(asked.headers.count("Host") == 1);
    CHECK(asked.body == "payload");
  }
}

TEST_CASE("fetch does every method") {
  TestServer server(echo_handler());
  for (const char* method : {"GET", "DELETE", "POST", "OPTIONS"}) {
    const auto result = fetch(method, local_url(server.port) + "/x", {}, "");
    REQUIRE(result);
    CHECK(result->body == std::string(method) + " /x ");
  }
  const auto head = fetch("HEAD", local_url(server.port) + "/x", {}, "");
  REQUIRE(head);
  CHECK(head->status == 200);
  CHECK(head->body.empty());
}

TEST_CASE("fetch follows no redirect") {
  ScriptedPeer peer(
      answering("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                "Content-Length: 0\r\n\r\n"));
  const auto result = fetch("GET", peer.url(), {}, "");
  REQUIRE(result);
  CHECK(result->status == 302);
}

TEST_CASE("fetch leaves a compressed body as it is") {
  ScriptedPeer peer(
      answering("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                "Content-Length: 4\r\n\r\n\x1f\x8b\x08\x7f"));
  const auto result = fetch("GET", peer.url(), {}, "");
  REQUIRE(result);
  CHECK(result->body == "\x1f\x8b\x08\x7f");
}

TEST_CASE("fetch ends at its absolute deadline") {
  SECTION("a server that drips, which renews every timeout per read") {
    ScriptedPeer peer([](RawClient& client) {
      read_request_head(client);
      client.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
      while (!client.readable(5) && client.send("x")) {
      }
    });
    CHECK(error_of(fetch("GET", peer.url(), {}, "", impatient())) == ErrorKind::DeadlineExceeded);
  }
  SECTION("a body that ends with the connection: the cut is not taken for its end") {
    ScriptedPeer peer([](RawClient& client) {
      read_request_head(client);
      client.send("HTTP/1.0 200 OK\r\n\r\n");
      while (!client.readable(5) && client.send("x")) {
      }
    });
    CHECK(error_of(fetch("GET", peer.url(), {}, "", impatient())) == ErrorKind::DeadlineExceeded);
  }
  SECTION("a server that says nothing") {
    const Fd listener = make_listener();
    CHECK(error_of(fetch("GET", local_url(port_of(listener)), {}, "", impatient())) ==
          ErrorKind::DeadlineExceeded);
  }
  SECTION("a TLS handshake that nobody answers") {
    const Fd listener = make_listener();
    const std::string url = "https://127.0.0.1:" + std::to_string(port_of(listener));
    CHECK(error_of(fetch("GET", url, {}, "", impatient())) == ErrorKind::DeadlineExceeded);
  }
}

TEST_CASE("fetch stops at the byte limit") {
  FetchOptions options;
  options.max_response_bytes = 1000;
  const std::string body(1001, 'x');
  for (const std::string& head :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n"),
        std::string("HTTP/1.0 200 OK\r\n\r\n"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n")}) {
    CAPTURE(head);
    ScriptedPeer peer(answering(head + body));
    CHECK(error_of(fetch("GET", peer.url(), {}, "", options)) == ErrorKind::ResourceExhausted);
  }
}

TEST_CASE("where the status suffices, a body that is too long, cut off or late is no error") {
  FetchOptions options;
  options.max_response_bytes = 1000;
  options.status_suffices = true;
  const auto [bytes, status, body] = GENERATE(table<std::string, int, std::string>({
      {"HTTP/1.1 200 OK\r\nContent-Length: 9000000000\r\n\r\n" + std::string(3000, 'x'), 200,
       std::string(1000, 'x')},
      {"HTTP/1.0 202 OK\r\n\r\n" + std::string(3000, 'x'), 202, std::string(1000, 'x')},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", 200, "abc"},
      {"HTTP/1.1 500 No\r\nContent-Length: 5\r\n\r\nabc", 500, "abc"},
      {"HTTP/1.1 103 Hint\r\n\r\nHTTP/1.1 204 None\r\n\r\n", 204, ""},
  }));
  CAPTURE(bytes.substr(0, 40));
  ScriptedPeer peer(answering(bytes));
  const auto answer = fetch("POST", peer.url(), {}, "x", options);
  REQUIRE(answer);
  CHECK(answer->status == status);
  CHECK(answer->body == body);
  for (const std::string& no_head :
       {std::string("HTTP/1.1 200 OK\r\nContent-Le"), std::string("HTTP/1.1 103 Hint\r\n\r\n"),
        std::string("nonsense")}) {
    CAPTURE(no_head);
    ScriptedPeer other(answering(no_head));
    CHECK(error_of(fetch("POST", other.url(), {}, "x", options)) == ErrorKind::DataLoss);
  }
}

TEST_CASE("fetch takes a truncated answer for an error") {
  for (const std::string& bytes :
       {std::string("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc"),
        std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc"),
        std::string("nonsense"), std::string("")}) {
    CAPTURE(bytes);
    ScriptedPeer peer(answering(bytes));
    CHECK(error_of(fetch("GET", peer.url(), {}, "")) == ErrorKind::DataLoss);
  }
}

TEST_CASE("fetch tells an unreachable server from a bad request of ours") {
  TempDir dir;
  const std::uint16_t free_port = port_of(make_listener());
  CHECK(error_of(fetch("GET", local_url(free_port), {}, "")) == ErrorKind::Unavailable);
  CHECK(error_of(fetch("GET", "unix:" + (dir / "none").string() + ":/", {}, "")) ==
        ErrorKind::Unavailable);
  CHECK(error_of(fetch("GET", "http://name.invalid/", {}, "")) == ErrorKind::Unavailable);
  for (const char* url : {"", "nonsense", "http://a/\r\nX: y", "http://u@127.0.0.1/"}) {
    CAPTURE(url);
    CHECK(error_of(fetch("GET", url, {}, "")) == ErrorKind::InvalidArgument);
  }
  CHECK(error_of(fetch("GET / HTTP/1.1\r\nX:", "http://127.0.0.1/", {}, "")) ==
        ErrorKind::InvalidArgument);
}

TEST_CASE("A peer that goes away while we send does not kill the process") {
  ScriptedPeer peer([](RawClient& client) { client.reset(); });
  const auto result = fetch("POST", peer.url(), {}, std::string(20'000'000, 'x'));
  CHECK_FALSE(result);
}

TEST_CASE("A header that a server smuggled a line break into is dropped") {
  ScriptedPeer peer(
      answering("HTTP/1.1 200 OK\r\nX-Bad: a%0d%0aX-Evil: 1\r\nX-Good: 1\r\n"
                "Content-Length: 0\r\n\r\n"));
  const auto result = fetch("GET", peer.url(), {}, "");
  REQUIRE(result);
  CHECK(result->headers.find("X-Evil") == nullptr);
  for (const auto& field : result->headers.fields()) {
    CHECK(field.value.find('\n') == std::string::npos);
  }
  CHECK(result->headers.find("X-Good") != nullptr);
}

TEST_CASE(
    "requests to one server share a connection where one is kept, and others have their own") {
  TestServer server(echo_handler());
  TestServer another(echo_handler());
  IdleConnections connections;
  FetchOptions options;
  options.connections = &connections;
  for (int i = 0; i < 5; ++i) {
    const std::string target = "/" + std::to_string(i);
    const auto answer = fetch("POST", local_url(server.port) + target, {}, "body", options);
    REQUIRE(answer);
    CHECK(answer->body == "POST " + target + " body");
    REQUIRE(fetch("GET", local_url(another.port) + target, {}, "", options));
  }
  CHECK(server.stats().connections_total == 1);
  CHECK(another.stats().connections_total == 1);
  // By another name it is another server.
  REQUIRE(fetch("GET", local_url(server.port, "localhost") + "/", {}, "", options));
  CHECK(server.stats().connections_total == 2);
  REQUIRE(fetch("GET", local_url(server.port) + "/", {}, ""));  // keeps none
  CHECK(server.stats().connections_total == 3);
}

TEST_CASE("at once, each request has a connection to itself, and so many are kept as may be") {
  TestServer server(echo_handler());
  IdleConnections connections({.connections = 2});
  FetchOptions options;
  options.connections = &connections;
  for (int round = 0; round < 3; ++round) {
    std::vector<std::thread> clients;
    std::atomic<int> answered{0};
    for (int i = 0; i < 8; ++i) {
      clients.emplace_back([&] {
        for (int j = 0; j < 20; ++j)
          answered += fetch("GET", local_url(server.port) + "/", {}, "", options) ? 1 : 0;
      });
    }
    for (std::thread& client : clients)
      client.join();
    CHECK(answered == 160);
  }
  server.wait_for_connections(2);
}

TEST_CASE("a connection that is too old, or was idle for too long, is not used again") {
  TestServer server(echo_handler());
  const bool by_age = GENERATE(true, false);
  IdleConnections connections(by_age ? IdleConnections::Limits{.age = Duration::zero()}
                                     : IdleConnections::Limits{.idle = Duration::zero()});
  FetchOptions options;
  options.connections = &connections;
  for (int i = 0; i < 3; ++i)
    REQUIRE(fetch("GET", local_url(server.port) + "/", {}, "", options));
  CHECK(server.stats().connections_total == 3);
}

TEST_CASE("a server that has closed a kept connection meanwhile costs a new one, not an error") {
  ServerLimits limits;
  limits.idle_timeout = std::chrono::milliseconds(20);
  TestServer server(echo_handler(), limits);
  IdleConnections connections;
  FetchOptions options;
  options.connections = &connections;
  for (int i = 0; i < 3; ++i) {
    REQUIRE(fetch("POST", local_url(server.port) + "/", {}, "text", options));
    server.wait_for_connections(0);
  }
  CHECK(server.stats().connections_total == 3);
}

TEST_CASE("a server that closes a kept connection instead of an answer is asked once more") {
  std::atomic<int> requests{0};
  test::HttpPeer peer([&](const test::PeerRequest&) {
    test::PeerReply reply;
    reply.keep = true;
    if (++requests == 2) reply.way = test::PeerReply::Way::Close;
    return reply;
  });
  IdleConnections connections;
  FetchOptions options;
  options.connections = &connections;
  for (int i = 0; i < 3; ++i)
    REQUIRE(fetch("POST", peer.url(), {}, "text", options));
  CHECK(requests == 4);
  CHECK(peer.connections() == 2);
}

TEST_CASE("a server that stays silent on a kept connection is given up in time") {
  std::atomic<int> requests{0};
  test::HttpPeer peer([&](const test::PeerRequest&) {
    test::PeerReply reply;
    reply.keep = true;
    if (++requests > 1) reply.way = test::PeerReply::Way::Silent;
    return reply;
  });
  IdleConnections connections;
  FetchOptions options;
  options.connections = &connections;
  REQUIRE(fetch("GET", peer.url(), {}, "", options));
  options.deadline = std::chrono::milliseconds(300);
  CHECK(error_of(fetch("GET", peer.url(), {}, "", options)) == ErrorKind::DeadlineExceeded);
  CHECK(peer.connections() == 1);
  CHECK(requests == 2);  // not sent once more: its time is up
}
