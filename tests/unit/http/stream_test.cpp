// SPDX-License-Identifier: Apache-2.0
// Answers that go on: written as they come, at the reader's pace, ended by the end of the
// connection.
#include "tests/support/catch.hpp"
#include "tests/unit/http/harness.hpp"

#include <sys/socket.h>

#include <array>
#include <atomic>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

// What the stream and the test share; the stream itself lives on the server's thread.
struct Tap {
  std::string waiting;  // the server's thread only
  bool ended = false;
  std::function<void()> wake;
  std::atomic<std::size_t> taken{0};
  std::atomic<bool> open{false};
};

class TapStream final : public BodyStream {
 public:
  TapStream(std::shared_ptr<Tap> tap, std::size_t endless)
      : tap_(std::move(tap)), endless_(endless) {}
  bool read(std::string& out) override {
    out += std::exchange(tap_->waiting, {});
    out.append(endless_, 'x');
    tap_->taken += out.size();
    return !tap_->ended;
  }
  void on_news(std::function<void()> wake) override {
    tap_->open = static_cast<bool>(wake);
    tap_->wake = std::move(wake);
  }

 private:
  std::shared_ptr<Tap> tap_;
  const std::size_t endless_;  // bytes that every read has
};

Handler streaming(const std::shared_ptr<Tap>& tap, std::size_t endless = 0) {
  return [tap, endless](const std::shared_ptr<Request>&, const Responder& respond) {
    Response response = Response::text(200, "first;");
    response.stream = std::make_shared<TapStream>(tap, endless);
    respond(std::move(response));
  };
}

void say(TestServer& server, const std::shared_ptr<Tap>& tap, const std::string& text,
         bool last = false) {
  server.loop.run([&] {
    tap->waiting += text;
    tap->ended = last;
    if (tap->wake) tap->wake();
  });
}

bool becomes(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(kPatienceMs);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

}  // namespace

TEST_CASE("A stream is written as it comes, without a length, and its end closes the connection") {
  const auto tap = std::make_shared<Tap>();
  TestServer server(streaming(tap));
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->open.load(); }));
  say(server, tap, "second;");
  say(server, tap, "last", true);
  const std::string all = client.read_rest();
  CHECK(all.starts_with("HTTP/1.1 200 OK\r\n"));
  CHECK(all.find("Content-Length") == std::string::npos);
  CHECK(all.find("Connection: close\r\n") != std::string::npos);
  CHECK(all.ends_with("\r\n\r\nfirst;second;last"));
  CHECK(becomes([&] { return !tap->open.load(); }));
}

TEST_CASE("A piece leaves at once, not when the next one comes") {
  const auto tap = std::make_shared<Tap>();
  TestServer server(streaming(tap));
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->open.load(); }));
  REQUIRE(client.readable(kPatienceMs));
  say(server, tap, "now");
  std::string seen;
  std::array<char, 4096> bytes{};
  while (seen.find("now") == std::string::npos) {
    REQUIRE(client.readable(kPatienceMs));
    const ssize_t n = ::recv(client.fd(), bytes.data(), bytes.size(), 0);
    REQUIRE(n > 0);
    seen.append(bytes.data(), static_cast<std::size_t>(n));
  }
}

TEST_CASE("A HEAD request gets the head alone, and the connection stays") {
  const auto tap = std::make_shared<Tap>();
  TestServer server(streaming(tap));
  RawClient client(server.port);
  REQUIRE(client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(client.read_answer(true).status == 200);
  CHECK_FALSE(tap->open);
  REQUIRE(client.send("HEAD / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK(client.read_answer(true).status == 200);
}

TEST_CASE("A reader that takes nothing is not read ahead for, and is cut off in time") {
  const auto tap = std::make_shared<Tap>();
  ServerLimits limits;
  limits.write_timeout = std::chrono::milliseconds(200);
  TestServer server(streaming(tap, 64 << 10), limits);
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->taken > 0 && !tap->open; }));
  // What the two sockets hold, not what an endless source has.
  CHECK(tap->taken < (64u << 20));
  CHECK(becomes([&] { return server.stats().connections_open == 0; }));
}

TEST_CASE("A client that has gone ends its stream at the next piece") {
  const auto tap = std::make_shared<Tap>();
  TestServer server(streaming(tap));
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->open.load(); }));
  client.reset();
  CHECK(becomes([&] {
    say(server, tap, "anybody there?");
    return !tap->open;
  }));
  CHECK(becomes([&] { return server.stats().connections_open == 0; }));
}

TEST_CASE("A stream outlasts the deadlines of ordinary answers") {
  const auto tap = std::make_shared<Tap>();
  ServerLimits limits;
  limits.idle_timeout = limits.handler_timeout = limits.write_timeout =
      std::chrono::milliseconds(20);
  TestServer server(streaming(tap), limits);
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->open.load(); }));
  // A connection beside it, which is idle and ends: more than the deadline has passed.
  RawClient idle(server.port);
  CHECK(idle.closed_by_peer());
  CHECK(tap->open);
  say(server, tap, "still here", true);
  CHECK(client.read_rest().ends_with("still here"));
}

TEST_CASE("Draining ends streams, and what was written arrives") {
  const auto tap = std::make_shared<Tap>();
  TestServer server(streaming(tap));
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->open.load(); }));
  auto drained = server.drain();
  CHECK(client.read_rest().ends_with("first;"));
  client.close();
  CHECK(drained.wait_for(std::chrono::milliseconds(kPatienceMs)) == std::future_status::ready);
  CHECK_FALSE(tap->open);
}

TEST_CASE("The server may go away under its streams") {
  const auto tap = std::make_shared<Tap>();
  TestServer server(streaming(tap));
  RawClient client(server.port);
  REQUIRE(client.send(get("/")));
  REQUIRE(becomes([&] { return tap->open.load(); }));
  server.destroy();
  CHECK_FALSE(tap->open);
  CHECK(client.read_rest().ends_with("first;"));
}
