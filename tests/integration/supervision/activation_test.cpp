// SPDX-License-Identifier: Apache-2.0
// Socket activation: the listening socket belongs to whoever starts the supervisor, as systemd does
// with a .socket unit, so it outlives the supervisor itself.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// A listening socket that children inherit, and its port.
struct Listener {
  Listener() : fd(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0);
    REQUIRE(::listen(fd, 1024) == 0);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    url = "http://127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~Listener() { ::close(fd); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  int fd;
  std::string url;
};

// What systemd does for a service with a socket unit.
std::vector<std::string> activated(const Listener& listener, const std::string& name) {
  return {"/bin/sh", "-c",
          "exec 3<&" + std::to_string(listener.fd) + "; export LISTEN_PID=$$ LISTEN_FDS=1 " +
              "LISTEN_FDNAMES=" + name + "; exec " + (bin_dir() / "holdfast").string() + " run"};
}

}  // namespace

TEST_CASE("with an activated socket a restart of the supervisor refuses and fails no request") {
  const Listener listener;
  Stack stack(default_stack(), {}, activated(listener, "http"), {}, {listener.fd});
  stack.wait_ready();
  std::atomic<bool> stop{false};
  std::atomic<int> answered{0};
  std::atomic<int> failed{0};
  std::vector<std::thread> clients;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      http::FetchOptions options;
      options.deadline = std::chrono::seconds(60);
      while (!stop) {
        const auto answer = http::fetch("GET", listener.url + "/health", {}, "", options);
        ++(answer && answer->status == 200 ? answered : failed);
      }
    });
  }
  for (int round = 0; round < 3; ++round) {
    const int before = answered;
    CHECK(wait_until([&] { return answered > before + 50; }));
    stack.supervisor().signal(SIGTERM);
    CHECK(stack.supervisor().wait().value == 0);
    stack.start();
  }
  const int before = answered;
  CHECK(wait_until([&] { return answered > before + 50; }));
  stop = true;
  for (std::thread& client : clients)
    client.join();
  CHECK(failed == 0);
  CHECK(stack.api() == listener.url);
}

TEST_CASE("an activated socket whose name is not that of a configured listener is an error") {
  const Listener listener;
  Stack stack(default_stack(), {}, activated(listener, "htpp"), {}, {listener.fd});
  CHECK(stack.supervisor().wait().value == 78);
  const std::string output = stack.supervisor().output();
  INFO(output);
  CHECK(output.find("htpp") != std::string::npos);
}

TEST_CASE("a reload that the next start would refuse for its activated socket is refused as well") {
  const Listener listener;
  Stack stack(misbehaving("kept", {"--ready"}) + "[listen.web]\naddress = \"127.0.0.1:0\"\n",
              kNoPort, activated(listener, "web"), {}, {listener.fd});
  stack.wait_ready();
  const std::string address = stack.address_of("web");
  for (const std::string& file :
       {misbehaving("kept", {"--ready"}),
        misbehaving("kept", {"--ready"}) + "[listen.site]\naddress = \"" + address + "\"\n"}) {
    stack.write_config(file);
    const auto answer = stack.command({"reload"});
    INFO(answer.output);
    CHECK(answer.exit_code == 1);
    CHECK(answer.output.find("there is no [listen.web]") != std::string::npos);
  }
  CHECK(stack.address_of("web") == address);
}

TEST_CASE("a reload cannot move an activated socket, and a start says that it is elsewhere") {
  const Listener listener;
  Stack stack(default_stack(), {}, activated(listener, "http"), {}, {listener.fd});
  stack.wait_ready();
  const pid_t before = stack.pid_of("api-worker.0");
  const std::string moved = misbehaving("kept", {"--ready"}, "sockets = [\"http\"]\n") +
                            "[listen.http]\naddress = \"unix:" + stack.file("web.sock").string() +
                            "\"\n";
  stack.write_config(moved);
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 1);
  CHECK(answer.output.find("change holdfast.socket") != std::string::npos);
  CHECK(stack.pid_of("api-worker.0") == before);
  stack.supervisor().signal(SIGTERM);
  CHECK(stack.supervisor().wait().value == 0);
  stack.start();
  CHECK(stack.wait_logged("where it is served"));
}
