// SPDX-License-Identifier: Apache-2.0
// What one API worker holds: descriptors it has to do with, memory it gives back.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string one_worker(const std::string& program = "", const std::string& more = "") {
  return default_stack(more + "\n" + api_workers(1, program));
}

Fd connect_and_send(Stack& stack, const std::string& bytes) {
  const std::string address = stack.address_of("http");
  sockaddr_in peer{};
  peer.sin_family = AF_INET;
  peer.sin_port =
      htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
  ::inet_pton(AF_INET, "127.0.0.1", &peer.sin_addr);
  Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&peer), sizeof peer) == 0);
  std::ignore = ::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
  return fd;
}

Fd ask(Stack& stack) {
  return connect_and_send(stack, "GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
}

// "200"; empty if nothing comes in ten seconds.
std::string status_of(const Fd& connection) {
  const timeval patience{10, 0};
  ::setsockopt(connection.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  std::string answer(256, '\0');
  const ssize_t size = ::recv(connection.get(), answer.data(), answer.size(), 0);
  return size < 12 ? "" : answer.substr(9, 3);
}

// Reads what is left of the answer, and waits ten seconds for the end.
bool is_closed(const Fd& connection) {
  char bytes[256];
  ssize_t size = 0;
  while ((size = ::recv(connection.get(), bytes, sizeof bytes, 0)) > 0) {
  }
  return size == 0 || errno == ECONNRESET;
}

// Reads what has come.
bool is_open(const Fd& connection) {
  char bytes[256];
  ssize_t size = 0;
  while ((size = ::recv(connection.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0) {
  }
  return size < 0 && errno == EAGAIN;
}

}  // namespace

TEST_CASE("a worker with few descriptors closes what is idle for who comes, and keeps accepting") {
  Stack stack(one_worker("rlimits = { nofile = 300 }\n"));
  stack.wait_ready();
  // What 300 descriptors leave room for.
  std::vector<Fd> idle;
  for (int i = 0; i < 150; ++i) {
    idle.push_back(ask(stack));
    REQUIRE(status_of(idle.back()) == "200");
  }
  const Fd next = ask(stack);
  CHECK(status_of(next) == "200");
  CHECK(is_closed(idle.front()));
  CHECK(status_of(ask(stack)) == "200");
  CHECK(stack.wait_logged("allows fewer connections"));
}

TEST_CASE("a worker with as few descriptors as 256 serves dozens of clients that stay") {
  Stack stack(one_worker("rlimits = { nofile = 256 }\n"));
  stack.wait_ready();
  std::vector<Fd> clients;
  for (int i = 0; i < 60; ++i)
    clients.push_back(ask(stack));
  for (const Fd& client : clients)
    REQUIRE(status_of(client) == "200");
  for (const Fd& client : clients)
    CHECK(is_open(client));
  CHECK(stack.wait_logged("allows fewer connections"));
}

TEST_CASE("a low soft limit of open files does not limit connections") {
  Stack stack(
      one_worker(), {},
      {"/bin/sh", "-c", "ulimit -Sn 256; exec \"$0\" run", (bin_dir() / "holdfast").native()});
  stack.wait_ready();
  std::vector<Fd> idle;
  for (int i = 0; i < 400; ++i)
    idle.push_back(ask(stack));
  for (const Fd& connection : idle)
    REQUIRE(status_of(connection) == "200");
}

TEST_CASE("a worker that has stored tens of megabytes returns the memory") {
  if (sanitized()) return;  // by an allocator of its own
  Stack stack(one_worker());
  stack.wait_ready();
  const auto post = [&](std::size_t bytes) {
    http::Headers headers;
    headers.set("Content-Type", "text/plain");
    return http::fetch("POST", stack.api() + "/api/documents", headers, std::string(bytes, 'x'))
        ->status;
  };
  REQUIRE(post(1000) == 202);
  const pid_t worker = stack.pid_of("api-worker.0");
  const std::uint64_t before = memory_kib_of(worker);
  for (int i = 0; i < 6; ++i)
    REQUIRE(post(10u << 20) == 202);
  // SQLite's page cache may keep some; 40 MiB were kept while freed blocks stayed in the heap.
  CHECK(wait_until([&] { return memory_kib_of(worker) < before + (20u << 10); }));
}

TEST_CASE(
    "connections that a client leaves open, in whatever state, keep nobody of its address out") {
  Stack stack(one_worker("", "\n[http]\nmax_connections = 60\nmax_connections_per_client = 50\n"));
  stack.wait_ready();
  const std::string upload =
      "POST /api/documents HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
      "Content-Length: 1000\r\n\r\n{";
  std::string many;
  for (int i = 0; i < 200; ++i)
    many += "GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n";
  double evicted = 0;
  for (const std::string& sent : {std::string(), std::string("GET / HT"), upload, many}) {
    INFO(sent.substr(0, 30));
    std::vector<Fd> open;
    for (int i = 0; i < 200; ++i)
      open.push_back(connect_and_send(stack, sent));
    for (int i = 0; i < 20; ++i) {
      REQUIRE(wait_until([&] { return status_of(ask(stack)) == "200"; }));
      REQUIRE(wait_until([&] { return stack.get("/ready").status == 200; }));
    }
    const auto posted = stack.post_json("/api/documents", {{"title", "t"}, {"content", "words"}});
    CHECK(posted.status == 202);
    CHECK(wait_until([&] {
      return Stack::sum_of(stack.metrics(), "http_connections_evicted_total") > evicted;
    }));
    evicted = Stack::sum_of(stack.metrics(), "http_connections_evicted_total");
  }
}
