// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/telemetry/client.hpp"

#include "common/os/fd.hpp"
#include "tests/bench/common/stamp.hpp"
#include "tests/bench/telemetry/workload.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace holdfast::bench {

namespace {

constexpr std::string_view kRequest =
    "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: text/plain\r\nConnection: close\r\n\r\n";
constexpr std::size_t kRoom = 256u << 10;
constexpr timeval kPatience{30, 0};

std::string exchange(std::uint16_t port) {
  const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::send(fd.get(), kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) {
    throw std::runtime_error("nobody listens on port " + std::to_string(port));
  }
  std::string answer;
  for (;;) {
    const std::size_t size = answer.size();
    if (answer.capacity() - size < kRoom) answer.reserve(answer.capacity() * 2 + kRoom);
    answer.resize(size + kRoom);
    const ssize_t n = ::recv(fd.get(), answer.data() + size, kRoom, 0);
    answer.resize(size + static_cast<std::size_t>(n > 0 ? n : 0));
    if (n < 0) throw std::runtime_error("no complete answer within 30 s");
    if (n == 0) return answer;
  }
}

}  // namespace

Scrape scrape(std::uint16_t port) {
  Scrape result;
  const std::int64_t began = now_ns();
  std::string answer = exchange(port);
  result.ms = static_cast<double>(now_ns() - began) / 1e6;
  const auto head = answer.find("\r\n\r\n");
  if (!answer.starts_with("HTTP/1.") || head == std::string::npos) {
    throw std::runtime_error("the answer is not HTTP");
  }
  result.status = std::atoi(answer.c_str() + 9);
  answer.erase(0, head + 4);
  result.body = std::move(answer);
  return result;
}

std::size_t Scrape::lines() const {
  std::size_t count = body.starts_with("bench_request") ? 1 : 0;
  for (auto at = body.find("\nbench_request"); at != std::string::npos;
       at = body.find("\nbench_request", at + 1)) {
    ++count;
  }
  return count;
}

double Scrape::first_counter() const {
  const std::string head = "\nbench_requests_total{" + labels_of(0) + "}";
  const auto at = body.find(head);
  return at == std::string::npos ? 0 : std::strtod(body.c_str() + at + head.size(), nullptr);
}

void pause_for_ms(int ms) {
  ::poll(nullptr, 0, ms);
}

}  // namespace holdfast::bench
