// SPDX-License-Identifier: Apache-2.0
// Too many connections, and too few descriptors to accept them.
#include "common/http/peer.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/http/harness.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <cstring>

using namespace holdfast;
using namespace holdfast::http;
using namespace holdfast::http::testing;

namespace {

sockaddr_storage ip_address(const char* text) {
  sockaddr_storage storage{};
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(99);
    std::memcpy(&storage, &v4, sizeof v4);
  } else {
    REQUIRE(::inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(99);
    std::memcpy(&storage, &v6, sizeof v6);
  }
  return storage;
}

#ifndef HOLDFAST_SANITIZED
// Leaves no descriptor to be had, until destroyed.
class NoDescriptors {
 public:
  NoDescriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const Fd lowest_free(::fcntl(0, F_DUPFD_CLOEXEC, 0));
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(lowest_free.get());
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  NoDescriptors(const NoDescriptors&) = delete;
  NoDescriptors& operator=(const NoDescriptors&) = delete;

 private:
  rlimit before_{};
};

std::chrono::microseconds cpu_time_of_this_thread() {
  rusage usage{};
  ::getrusage(RUSAGE_THREAD, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}
#endif

}  // namespace

TEST_CASE("Connections beyond the worker's limit are told to come back") {
  ServerLimits limits;
  limits.max_connections = 2;
  TestServer server(echo_handler(), limits);
  RawClient first(server.port);
  RawClient second(server.port);
  CHECK(first.ask(get("/")).status == 200);
  CHECK(second.ask(get("/")).status == 200);

  RawClient third(server.port);
  const RawAnswer answer = third.ask(get("/"));
  CHECK(answer.status == 503);
  CHECK_FALSE(answer.field("Retry-After").empty());
  CHECK(answer.field("Connection") == "close");
  third.close();

  CHECK(first.ask(get("/")).status == 200);
  second.close();
  server.wait_for_connections(1);
  RawClient fourth(server.port);
  CHECK(fourth.ask(get("/")).status == 200);
}

TEST_CASE("Bodies beyond the server's memory for them are told to come back, all else goes on") {
  ServerLimits limits;
  limits.body_memory = 1000;
  TestServer server(echo_handler(), limits);
  const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 800\r\n\r\n";
  RawClient slow(server.port);
  REQUIRE(slow.send(head + std::string(700, 'x')));
  RawAnswer refused;
  REQUIRE(holdfast::test::wait_until([&] {
    RawClient other(server.port);
    refused = other.ask(head + std::string(800, 'y'));
    return refused.status == 503;
  }));
  CHECK_FALSE(refused.field("Retry-After").empty());
  CHECK(RawClient(server.port).ask(get("/")).status == 200);
  REQUIRE(slow.send(std::string(100, 'x')));
  CHECK(slow.read_answer().status == 200);
  RawClient next(server.port);
  CHECK(next.ask(head + std::string(800, 'z')).status == 200);
}

TEST_CASE("A flood of unwelcome connections is not answered for ever") {
  ServerLimits limits;
  limits.max_connections = 0;
  TestServer server(echo_handler(), limits);
  std::vector<RawClient> flood;
  for (int i = 0; i < 400; ++i)
    flood.emplace_back(server.port);
  int answered = 0;
  for (auto& client : flood)
    answered += client.read_answer().status == 503 ? 1 : 0;
  CHECK(answered >= 128);
  flood.clear();
  server.wait_for_connections(0);
}

TEST_CASE("One client cannot take every connection") {
  ServerLimits limits;
  limits.max_connections_per_client = 1;
  TempDir dir;
  TestServer server(echo_handler(), limits);
  server.loop.run([&] {
    return server.server->listen(make_listener("unix:" + (dir / "s").string())).has_value();
  });
  RawClient first(server.port);
  CHECK(first.ask(get("/")).status == 200);
  RawClient greedy(server.port);
  CHECK(greedy.ask(get("/")).status == 503);
  // The peers of a Unix socket are not told apart, so they are not counted.
  RawClient local_a((dir / "s").string());
  RawClient local_b((dir / "s").string());
  CHECK(local_a.ask(get("/")).status == 200);
  CHECK(local_b.ask(get("/")).status == 200);
  first.close();
  greedy.close();
  server.wait_for_connections(2);
  RawClient next(server.port);
  CHECK(next.ask(get("/")).status == 200);
}

TEST_CASE("A peer that speaks for many clients is not counted as one") {
  ServerLimits limits;
  limits.max_connections_per_client = 1;
  limits.speaks_for_many = [](const Peer& peer) { return peer.address == "127.0.0.1"; };
  TestServer server(echo_handler(), limits);
  std::vector<RawClient> proxy;
  for (int i = 0; i < 5; ++i) {
    proxy.emplace_back(server.port);
    CHECK(proxy.back().ask(get("/")).status == 200);
  }
}

TEST_CASE("Clients are counted by IPv4 address and by IPv6 network") {
  CHECK(client_key(ip_address("10.1.2.3")) == "10.1.2.3");
  CHECK(client_key(ip_address("::ffff:10.1.2.3")) == "10.1.2.3");
  CHECK(client_key(ip_address("2001:db8:1:2:3:4:5:6")) == "2001:db8:1:2::/64");
  CHECK(client_key(ip_address("2001:db8:1:2:ffff::1")) == "2001:db8:1:2::/64");
  sockaddr_storage local{};
  local.ss_family = AF_UNIX;
  CHECK(client_key(local).empty());

  const Peer peer = peer_from(ip_address("2001:db8:1:2:3:4:5:6"));
  CHECK(peer.address == "2001:db8:1:2:3:4:5:6");
  CHECK(peer.port == 99);
  CHECK(peer_from(ip_address("::ffff:10.1.2.3")).address == "10.1.2.3");
}

// Not under a sanitizer: to look at memory it makes a pipe, and takes the lack of one for a
// finding.
#ifndef HOLDFAST_SANITIZED
TEST_CASE("Without descriptors the server neither spins nor dies, and then goes on") {
  TestServer server(echo_handler());
  RawClient before(server.port);
  CHECK(before.ask(get("/")).status == 200);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(server.port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  RawClient late(Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)));
  {
    const NoDescriptors none;
    const auto cpu_before = server.loop.run(cpu_time_of_this_thread);
    REQUIRE(::connect(late.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    late.send(get("/"));
    CHECK_FALSE(late.readable(600));  // several attempts to accept it
    CHECK(before.ask(get("/")).status == 200);
    const auto cpu = server.loop.run(cpu_time_of_this_thread) - cpu_before;
    CHECK(cpu < std::chrono::milliseconds(300));
  }
  CHECK(late.read_answer().status == 200);
}
#endif
