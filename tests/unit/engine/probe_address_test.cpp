// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/probe_address.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace asio = boost::asio;
using asio::ip::tcp;
using Outcome = ProbeAnswer::Outcome;

namespace {

// A listener from which this process accepts or not.
struct Listener {
  explicit Listener(asio::io_context& io)
      : acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0)), socket(io) {}
  void accept() {
    acceptor.async_accept(socket, [](boost::system::error_code) {});
  }
  std::string port() const { return std::to_string(acceptor.local_endpoint().port()); }

  tcp::acceptor acceptor;
  tcp::socket socket;
};

ProbeQuestion question(const std::string& address, pid_t leader) {
  ProbeQuestion result;
  result.probe = config::parse_probe_address(address).value();
  result.timeout = 30s;
  result.worker.leader = leader;
  result.alone = [] { return false; };
  return result;
}

ProbeAnswer ask(asio::io_context& io, ProbeQuestion what) {
  std::optional<ProbeAnswer> answer;
  asio::thread_pool searcher(1);
  {
    const AddressProbe probe(io, searcher, std::move(what),
                             [&](ProbeAnswer given) { answer = std::move(given); });
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!answer && std::chrono::steady_clock::now() < end)
      io.run_one_for(100ms);
  }
  searcher.join();
  REQUIRE(answer);
  return *answer;
}

}  // namespace

TEST_CASE("a TCP probe is a yes when the worker has accepted the connection") {
  asio::io_context io;
  Listener listener(io);
  listener.accept();
  const ProbeAnswer answer = ask(io, question("tcp:127.0.0.1:" + listener.port(), ::getpid()));
  CHECK(answer.outcome == Outcome::Yes);
  CHECK(answer.answered);
}

TEST_CASE("a connection that waits in the backlog is no answer") {
  asio::io_context io;
  const Listener listener(io);
  const std::string address = "tcp:127.0.0.1:" + listener.port();
  ProbeQuestion what = question(address, ::getpid());
  what.timeout = 100ms;
  const ProbeAnswer answer = ask(io, std::move(what));
  CHECK(answer.outcome == Outcome::No);
  CHECK_FALSE(answer.answered);
  CHECK(answer.reason == address + ": no answer within 100ms");
}

TEST_CASE("an answer of a process that is not the worker's does not count, and is named") {
  asio::io_context io;
  Listener listener(io);
  listener.accept();
  const test::Process worker(std::vector<std::string>{"/bin/sleep", "600"});
  const std::string address =
      (GENERATE(true, false) ? "tcp:127.0.0.1:" : "http://127.0.0.1:") + listener.port();
  const ProbeAnswer answer = ask(io, question(address, worker.pid()));
  CHECK(answer.outcome == Outcome::Other);
  CHECK_FALSE(answer.answered);
  CHECK_THAT(answer.reason, Catch::Contains("was answered by process " +
                                            std::to_string(::getpid()) + " (unit_engine)"));
}

TEST_CASE("a Unix socket is held by whom the kernel says, too") {
  asio::io_context io;
  const test::TempDir dir;
  asio::local::stream_protocol::acceptor acceptor(io, (dir / "s.sock").string());
  asio::local::stream_protocol::socket socket(io);
  const std::string text = "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n";
  acceptor.async_accept(socket, [&](boost::system::error_code) {
    socket.async_send(asio::buffer(text), [](boost::system::error_code, std::size_t) {});
  });
  const std::string url = "unix:" + (dir / "s.sock").string() + ":/up";
  SECTION("the worker") {
    const ProbeAnswer answer = ask(io, question(url, ::getpid()));
    CHECK(answer.outcome == Outcome::No);
    CHECK(answer.answered);
    CHECK(answer.reason == url + " answered 503");
  }
  SECTION("a stranger") {
    const test::Process worker(std::vector<std::string>{"/bin/sleep", "600"});
    CHECK(ask(io, question(url, worker.pid())).outcome == Outcome::Other);
  }
}

TEST_CASE("nobody listens") {
  asio::io_context io;
  std::string port;
  { port = Listener(io).port(); }
  const ProbeAnswer answer = ask(io, question("tcp:localhost:" + port, ::getpid()));
  CHECK(answer.outcome == Outcome::No);
  CHECK(answer.reason == "tcp:localhost:" + port + ": connect: Connection refused");
}

TEST_CASE("the expected statuses and the Host header are those of the program") {
  asio::io_context io;
  Listener listener(io);
  std::string request;
  std::string room(4096, '\0');
  listener.acceptor.async_accept(listener.socket, [&](boost::system::error_code) {
    asio::async_read_until(
        listener.socket, asio::dynamic_buffer(request), "\r\n\r\n",
        [&](boost::system::error_code, std::size_t) {
          boost::system::error_code ignored;
          asio::write(listener.socket,
                      asio::buffer(std::string("HTTP/1.1 401 Who\r\nContent-Length: 0\r\n\r\n")),
                      ignored);
        });
  });
  ProbeQuestion what = question("http://127.0.0.1:" + listener.port() + "/up", ::getpid());
  what.probe.host = "app.example.org";
  what.probe.statuses = {"2xx", "401"};
  CHECK(ask(io, std::move(what)).outcome == Outcome::Yes);
  CHECK_THAT(request, Catch::StartsWith("GET /up HTTP/1.1\r\nHost: app.example.org\r\n"));
}

namespace {

// Accepts, answers with `text` after what has come first if `reads`, and closes at once.
struct Hasty {
  Hasty(asio::io_context& io, std::string text, bool reads)
      : listener(io), answer(std::move(text)) {
    listener.acceptor.async_accept(listener.socket, [this, reads](boost::system::error_code) {
      if (!reads) return end();
      listener.socket.async_read_some(asio::buffer(room),
                                      [this](boost::system::error_code, std::size_t) { end(); });
    });
  }
  void end() {
    boost::system::error_code ignored;
    if (!answer.empty()) asio::write(listener.socket, asio::buffer(answer), ignored);
    listener.socket.close();
  }

  Listener listener;
  std::string answer;
  std::array<char, 4096> room{};
};

}  // namespace

TEST_CASE("a server that answers or closes at once has answered") {
  asio::io_context io;
  const bool alone = GENERATE(true, false);
  INFO("alone: " << alone);
  const auto asked = [&](const std::string& address) {
    ProbeQuestion what = question(address, ::getpid());
    what.alone = [alone] { return alone; };
    return what;
  };
  SECTION("over HTTP, by the worker that the kernel tells before it has read anything") {
    const Hasty server(io, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok", true);
    const ProbeAnswer answer = ask(io, asked("http://127.0.0.1:" + server.listener.port() + "/"));
    CHECK(answer.outcome == Outcome::Yes);
    CHECK(answer.answered);
  }
  SECTION("over TCP, where the kernel cannot tell who it was: if there is only one") {
    const Hasty server(io, "", false);
    const ProbeAnswer answer = ask(io, asked("tcp:127.0.0.1:" + server.listener.port()));
    CHECK(answer.outcome == (alone ? Outcome::Yes : Outcome::Other));
    if (!alone) CHECK_THAT(answer.reason, Catch::Contains("does not tell by which process"));
  }
  SECTION("without an answer, over HTTP") {
    const Hasty server(io, "", false);
    const ProbeAnswer answer = ask(io, asked("http://127.0.0.1:" + server.listener.port() + "/"));
    CHECK(answer.outcome == (alone ? Outcome::No : Outcome::Other));
    CHECK_THAT(answer.reason, !Catch::Contains("no answer within"));
  }
}

TEST_CASE("a connection that is reset in the backlog is no answer") {
  asio::io_context io;
  auto listener = std::make_unique<Listener>(io);
  const std::string address = "tcp:127.0.0.1:" + listener->port();
  ProbeQuestion what = question(address, ::getpid());
  what.alone = [&] { return true; };
  // Closed as soon as the client is in it.
  listener->acceptor.async_wait(tcp::acceptor::wait_read,
                                [&](boost::system::error_code) { listener->acceptor.close(); });
  const ProbeAnswer answer = ask(io, std::move(what));
  CHECK(answer.outcome == Outcome::No);
  CHECK_THAT(answer.reason, Catch::Contains("reset"));
}
