// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/supervision/load.hpp"

#include "common/os/fd.hpp"
#include "tests/bench/common/measure.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

namespace holdfast::bench {

namespace {

std::string with_errno(const char* what) {
  return fmt::format("{}: {}", what, std::strerror(errno));
}

// One connection; every call returns the reason of its failure, or nothing.
class Connection {
 public:
  std::optional<std::string> open(std::uint16_t port) {
    fd_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{10, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const int on = 1;
    ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      return with_errno("connect");
    }
    return std::nullopt;
  }
  bool is_open() const { return static_cast<bool>(fd_); }
  void close() { fd_.reset(); }

  std::optional<std::string> exchange(const std::string& request) {
    if (::send(fd_.get(), request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size())) {
      return with_errno("send");
    }
    std::string answer;
    std::size_t whole = std::string::npos;
    while (answer.size() < whole) {
      std::array<char, 16384> part;
      const ssize_t got = ::recv(fd_.get(), part.data(), part.size(), 0);
      if (got < 0) return with_errno("receive");
      if (got == 0) return answer.empty() ? "closed before the answer" : "answer cut short";
      answer.append(part.data(), static_cast<std::size_t>(got));
      if (whole == std::string::npos) whole = size_of(answer);
    }
    if (answer.find("\r\nConnection: close\r\n") < answer.find("\r\n\r\n")) close();
    if (!answer.starts_with("HTTP/1.1 200 ")) return answer.substr(0, answer.find("\r\n"));
    return std::nullopt;
  }

 private:
  // The size of head and body; npos until the head is complete.
  static std::size_t size_of(const std::string& answer) {
    const std::size_t head = answer.find("\r\n\r\n");
    if (head == std::string::npos) return head;
    const std::size_t field = answer.find("Content-Length: ");
    const std::size_t body =
        field < head ? static_cast<std::size_t>(std::atoll(answer.c_str() + field + 16)) : 0;
    return head + 4 + body;
  }

  Fd fd_;
};

}  // namespace

Load::Load(std::uint16_t port, const std::string& path, int keeping, int renewing)
    : port_(port),
      request_keep_(fmt::format("GET {} HTTP/1.1\r\nHost: bench\r\n\r\n", path)),
      request_close_(
          fmt::format("GET {} HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n", path)),
      began_ns_(now_ns()) {
  for (int number = 0; number < keeping + renewing; ++number)
    threads_.emplace_back([this, keep = number < keeping] { run(keep); });
}

Load::~Load() {
  stop();
}

void Load::run(bool keep) {
  Connection connection;
  LoadResult mine;
  while (!stop_) {
    const std::int64_t began = now_ns();
    std::optional<std::string> failure;
    if (!connection.is_open()) {
      ++mine.connections;
      failure = connection.open(port_);
    }
    if (!failure) failure = connection.exchange(keep ? request_keep_ : request_close_);
    if (failure || !keep) connection.close();
    ++mine.requests;
    mine.worst_ms = std::max(mine.worst_ms, ms_between(began, now_ns()));
    if (!failure) continue;
    ++mine.failed;
    ++mine.failures[fmt::format("{}, {}", *failure, keep ? "kept connection" : "new connection")];
  }
  const std::lock_guard lock(mutex_);
  result_.requests += mine.requests;
  result_.failed += mine.failed;
  result_.connections += mine.connections;
  result_.worst_ms = std::max(result_.worst_ms, mine.worst_ms);
  for (const auto& [why, count] : mine.failures)
    result_.failures[why] += count;
}

LoadResult Load::stop() {
  stop_ = true;
  for (std::thread& thread : threads_)
    thread.join();
  if (!threads_.empty()) result_.seconds = ms_between(began_ns_, now_ns()) / 1000;
  threads_.clear();
  return result_;
}

}  // namespace holdfast::bench
