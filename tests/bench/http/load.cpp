// SPDX-License-Identifier: Apache-2.0
// bench_http_load: what wrk cannot do, with plain blocking sockets.
//   pace PORT RATE SECONDS METHOD TARGET [BODY]   requests at a fixed rate; latency counts from the
//     moment that a request was due (no coordinated omission)
//   probe PORT SECONDS TARGET idle|slow N         N idle connections, or N clients that send one
//     byte of a header each second; meanwhile a request on a new connection every 50 ms
// Prints one line: requests, failures, p50, p99 and maximum in milliseconds.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

class Samples {
 public:
  void add(Clock::duration taken, bool ok) {
    const std::lock_guard lock(mutex_);
    ms_.push_back(std::chrono::duration<double, std::milli>(taken).count());
    failed_ += ok ? 0 : 1;
  }
  void print() {
    std::sort(ms_.begin(), ms_.end());
    const auto at = [&](double part) {
      return ms_.empty() ? 0.0 : ms_[static_cast<std::size_t>(part * double(ms_.size() - 1))];
    };
    std::printf("%zu requests, %d failed, p50 %.2f ms, p99 %.2f ms, max %.2f ms\n", ms_.size(),
                failed_, at(0.5), at(0.99), at(1));
  }

 private:
  std::mutex mutex_;
  std::vector<double> ms_;
  int failed_ = 0;
};

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  ::close(fd);
  return -1;
}

bool send_all(int fd, const std::string& bytes) {
  return ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
}

// One answer with a Content-Length; true if its status is 2xx.
bool read_answer(int fd) {
  std::string answer;
  char buffer[16384];
  std::size_t whole = std::string::npos;
  while (whole == std::string::npos || answer.size() < whole) {
    const ssize_t n = ::recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) return false;
    answer.append(buffer, static_cast<std::size_t>(n));
    const std::size_t end = answer.find("\r\n\r\n");
    if (whole == std::string::npos && end != std::string::npos) {
      const std::size_t length = answer.find("\r\nContent-Length: ");
      whole = end + 4;
      if (length < end) whole += std::strtoul(answer.c_str() + length + 18, nullptr, 10);
    }
  }
  return answer.compare(0, 10, "HTTP/1.1 2") == 0;
}

std::string request(const std::string& method, const std::string& target, const std::string& body) {
  std::string text = method + " " + target + " HTTP/1.1\r\nHost: bench\r\n";
  if (!body.empty()) {
    text +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + body;
}

void pace(std::uint16_t port, int rate, int seconds, const std::string& bytes) {
  constexpr int kClients = 16;
  Samples samples;
  const auto start = Clock::now() + std::chrono::milliseconds(100);
  std::vector<std::thread> clients;
  for (int c = 0; c < kClients; ++c) {
    clients.emplace_back([&, c] {
      int fd = connect_to(port);
      for (int i = c; i < rate * seconds; i += kClients) {
        const auto due = start + std::chrono::nanoseconds(1'000'000'000LL / rate * i);
        std::this_thread::sleep_until(due);
        const bool ok = fd >= 0 && send_all(fd, bytes) && read_answer(fd);
        samples.add(Clock::now() - due, ok);
        if (ok) continue;
        if (fd >= 0) ::close(fd);
        fd = connect_to(port);
      }
      if (fd >= 0) ::close(fd);
    });
  }
  for (auto& client : clients)
    client.join();
  samples.print();
}

void probe(std::uint16_t port, int seconds, const std::string& target, bool slow, int count) {
  std::vector<int> others;
  for (int i = 0; i < count; ++i) {
    const int fd = connect_to(port);
    if (fd < 0) break;
    if (slow) {
      send_all(fd, "GET / HTTP/1.1\r\nHost: bench\r\nX: ");
    } else if (!send_all(fd, request("GET", target, "")) || !read_answer(fd)) {
      ::close(fd);
      break;
    }
    others.push_back(fd);
  }
  std::printf("%zu of %d %s; ", others.size(), count, slow ? "slow" : "idle");
  std::atomic<bool> over{false};
  std::thread dripping([&] {
    while (!over) {
      for (const int fd : others) {
        if (slow) (void)!::send(fd, "a", 1, MSG_NOSIGNAL | MSG_DONTWAIT);
      }
      for (int i = 0; i < 20 && !over; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  Samples samples;
  const std::string bytes = request("GET", target, "");
  for (int i = 0; i < seconds * 20; ++i) {
    const auto since = Clock::now();
    const int fd = connect_to(port);
    const bool ok = fd >= 0 && send_all(fd, bytes) && read_answer(fd);
    samples.add(Clock::now() - since, ok);
    if (fd >= 0) ::close(fd);
    std::this_thread::sleep_until(since + std::chrono::milliseconds(50));
  }
  over = true;
  dripping.join();
  for (const int fd : others)
    ::close(fd);
  samples.print();
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  const auto number = [&](std::size_t i) { return std::atoi(args[i].c_str()); };
  if (args.size() >= 6 && args[0] == "pace") {
    pace(static_cast<std::uint16_t>(number(1)), number(2), number(3),
         request(args[4], args[5], args.size() > 6 ? args[6] : ""));
  } else if (args.size() == 6 && args[0] == "probe") {
    probe(static_cast<std::uint16_t>(number(1)), number(2), args[3], args[4] == "slow", number(5));
  } else {
    std::fprintf(stderr,
                 "usage: %s pace PORT RATE SECONDS METHOD TARGET [BODY]\n"
                 "       %s probe PORT SECONDS TARGET idle|slow N\n",
                 argv[0], argv[0]);
    return 2;
  }
  return 0;
}
