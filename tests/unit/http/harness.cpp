// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/http/harness.hpp"

#include "common/net/listen.hpp"
#include "common/text/ascii.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <stdexcept>

namespace holdfast::http::testing {
namespace {

bool wait_readable(int fd, int timeout_ms) {
  pollfd entry{fd, POLLIN, 0};
  return ::poll(&entry, 1, timeout_ms) > 0;
}

Fd connected_socket(const sockaddr* address, socklen_t size) {
  Fd fd(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), address, size) != 0) throw std::runtime_error("cannot connect");
  return fd;
}

Fd connect_tcp(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return connected_socket(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

Fd connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return connected_socket(reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

}  // namespace

Fd make_listener(const std::string& address) {
  auto listener = net::open_listener(address);
  if (!listener) throw std::runtime_error(listener.error().message);
  return std::move(*listener);
}

std::uint16_t port_of(const Fd& listener) {
  sockaddr_in6 address{};
  socklen_t size = sizeof address;
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  // sin_port stands where sin6_port does.
  return address.sin6_family == AF_UNIX ? 0 : ntohs(address.sin6_port);
}

Fd duplicate(const Fd& fd) {
  return Fd(::dup(fd.get()));
}

Loop::Loop() : work_(io.get_executor()), thread_([this] { io.run(); }) {}
Loop::~Loop() {
  join();
}

void Loop::join() {
  if (!thread_.joinable()) return;
  work_.reset();
  io.stop();
  thread_.join();
}

TestServer::TestServer(Handler handler, ServerLimits limits, RefusalHandler refuse, Fd listener,
                       Gate gate)
    : port(port_of(listener)) {
  loop.run([&] {
    server = std::make_unique<Server>(loop.io, std::move(limits), std::move(handler),
                                      std::move(refuse), std::move(gate));
    if (auto listening = server->listen(std::move(listener)); !listening) {
      throw std::runtime_error(listening.error().message);
    }
  });
}

TestServer::~TestServer() {
  destroy();
  loop.join();
}

void TestServer::destroy() {
  loop.run([&] { server.reset(); });
}

std::future<void> TestServer::drain() {
  auto promise = std::make_shared<std::promise<void>>();
  loop.run([&] { server->drain([promise] { promise->set_value(); }); });
  return promise->get_future();
}

ServerStats TestServer::stats() {
  return loop.run([&] { return server->stats(); });
}

void TestServer::wait_for_connections(std::uint64_t count) {
  while (stats().connections_open != count)
    std::this_thread::yield();
}

Handler echo_handler() {
  return [](const std::shared_ptr<Request>& request, const Responder& respond) {
    respond(Response::text(200, request->method + " " + request->path + " " + request->body));
  };
}

std::string RawAnswer::field(std::string_view name) const {
  std::string_view rest = head;
  while (!rest.empty()) {
    const std::size_t end = rest.find("\r\n");
    const std::string_view line = rest.substr(0, end);
    const std::size_t colon = line.find(": ");
    if (colon != std::string_view::npos &&
        text::equals_ignoring_case(line.substr(0, colon), name)) {
      return std::string(line.substr(colon + 2));
    }
    rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 2);
  }
  return {};
}

RawClient::RawClient(std::uint16_t port) : fd_(connect_tcp(port)) {}
RawClient::RawClient(const std::string& unix_path) : fd_(connect_unix(unix_path)) {}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::finish_sending() {
  ::shutdown(fd_.get(), SHUT_WR);
}

bool RawClient::fill() {
  if (!wait_readable(fd_.get(), kPatienceMs)) throw std::runtime_error("the peer said nothing");
  std::array<char, 16384> bytes;
  const ssize_t n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
  if (n <= 0) return false;
  buffer_.append(bytes.data(), static_cast<std::size_t>(n));
  return true;
}

RawAnswer RawClient::read_answer(bool to_head) {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!fill()) return {};
  }
  RawAnswer answer;
  answer.head = buffer_.substr(0, end + 2);
  buffer_.erase(0, end + 4);
  answer.status = std::stoi(answer.head.substr(9, 3));
  const std::string length = answer.field("Content-Length");
  const std::size_t size = to_head || length.empty() ? 0 : std::stoul(length);
  while (buffer_.size() < size) {
    if (!fill()) return {};
  }
  answer.body = buffer_.substr(0, size);
  buffer_.erase(0, size);
  return answer;
}

RawAnswer RawClient::ask(std::string_view bytes) {
  send(bytes);
  return read_answer();
}

std::string RawClient::read_rest() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool RawClient::readable(int timeout_ms) const {
  return wait_readable(fd_.get(), timeout_ms);
}

bool RawClient::closed_by_peer() {
  if (!buffer_.empty() || !readable(kPatienceMs)) return false;
  char byte = 0;
  return ::recv(fd_.get(), &byte, 1, 0) == 0;
}

void RawClient::reset() {
  const linger at_once{1, 0};
  ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd_.reset();
}

std::string get(std::string_view target, std::string_view extra_fields) {
  return "GET " + std::string(target) + " HTTP/1.1\r\nHost: test\r\n" + std::string(extra_fields) +
         "\r\n";
}

ScriptedPeer::ScriptedPeer(Script serve, Fd listener)
    : port(port_of(listener)), listener_(std::move(listener)), stop_(::eventfd(0, EFD_CLOEXEC)) {
  thread_ = std::thread([this, serve = std::move(serve)] {
    // OpenSSL writes without MSG_NOSIGNAL, and clients under test go away.
    sigset_t pipe;
    ::sigemptyset(&pipe);
    ::sigaddset(&pipe, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
    while (true) {
      std::array<pollfd, 2> entries{{{listener_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
      ::poll(entries.data(), entries.size(), -1);
      if (entries[1].revents != 0) return;
      RawClient client(Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)));
      serve(client);
    }
  });
}

ScriptedPeer::~ScriptedPeer() {
  const std::uint64_t one = 1;
  if (::write(stop_.get(), &one, sizeof one) != sizeof one) std::abort();
  thread_.join();
}

std::string ScriptedPeer::url(std::string_view target) const {
  return "http://127.0.0.1:" + std::to_string(port) + std::string(target);
}

std::string read_request_head(RawClient& client) {
  std::string head;
  char byte = 0;
  while (head.size() < 4 || head.substr(head.size() - 4) != "\r\n\r\n") {
    if (::recv(client.fd(), &byte, 1, 0) != 1) break;
    head += byte;
  }
  return head;
}

ScriptedPeer::Script answering(std::string bytes) {
  return [bytes = std::move(bytes)](RawClient& client) {
    read_request_head(client);
    client.send(bytes);
  };
}

}  // namespace holdfast::http::testing
