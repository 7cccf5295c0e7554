// SPDX-License-Identifier: Apache-2.0

// bench_metrics_child: a worker that costs next to nothing, so that the supervisor is measured. It
// serves its metrics on the inherited `telemetry` socket, one connection at a time; each answer has
// the same lines as the previous one with greater numbers.
//   BENCH_COUNTERS    series of the counter bench_requests_total
//   BENCH_HISTOGRAMS  series of the histogram bench_request_seconds, with eleven bounds
// Series `i` of the counter is `i` plus kStep for each answer of this process.

#include "tests/bench/telemetry/workload.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using holdfast::bench::kBounds;
using holdfast::bench::kStep;

// The position of `telemetry` in LISTEN_FDNAMES; descriptors start at 3.
int telemetry_socket() {
  const char* const names = std::getenv("LISTEN_FDNAMES");
  std::string_view rest = names == nullptr ? "" : names;
  for (int fd = 3; !rest.empty(); ++fd) {
    const auto end = rest.find(':');
    if (rest.substr(0, end) == "telemetry") return fd;
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  return -1;
}

// The text before each number never changes, so it is formatted once.
struct Line {
  std::string head;
  std::uint64_t first = 0;
  std::uint64_t step = 0;
};

std::vector<Line> lines_of(std::size_t counters, std::size_t histograms) {
  std::vector<Line> lines;
  std::string head =
      "# HELP bench_request_seconds Requests.\n"
      "# TYPE bench_request_seconds histogram\n";
  const auto add = [&](const std::string& text, std::uint64_t first, std::uint64_t step) {
    lines.push_back({std::exchange(head, "") + text + ' ', first, step});
  };
  for (std::size_t i = 0; i < histograms; ++i) {
    const std::string labels = holdfast::bench::labels_of(i);
    std::uint64_t step = 0;
    for (const char* bound : kBounds) {
      add("bench_request_seconds_bucket{" + labels + ",le=\"" + bound + "\"}", 0, ++step);
    }
    add("bench_request_seconds_bucket{" + labels + ",le=\"+Inf\"}", 0, ++step);
    add("bench_request_seconds_sum{" + labels + "}", 0, 3);
    add("bench_request_seconds_count{" + labels + "}", 0, step);
  }
  head = "# HELP bench_requests_total Requests.\n# TYPE bench_requests_total counter\n";
  for (std::size_t i = 0; i < counters; ++i) {
    add("bench_requests_total{" + holdfast::bench::labels_of(i) + "}", i, kStep);
  }
  return lines;
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

bool read_request(int fd) {
  std::string request;
  char some[1024];
  while (request.find("\r\n\r\n") == std::string::npos) {
    const ssize_t n = ::recv(fd, some, sizeof some, 0);
    if (n <= 0) return false;
    request.append(some, static_cast<std::size_t>(n));
  }
  return true;
}

}  // namespace

int main() {
  const std::vector<Line> lines = lines_of(holdfast::bench::from_environment("BENCH_COUNTERS"),
                                           holdfast::bench::from_environment("BENCH_HISTOGRAMS"));
  const int listener = telemetry_socket();
  if (listener < 0) return 2;
  std::string body;
  for (std::uint64_t answers = 1;;) {
    pollfd waiting{listener, POLLIN, 0};  // the supervisor made it non-blocking
    ::poll(&waiting, 1, -1);
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    if (read_request(fd)) {
      body.clear();
      for (const Line& line : lines) {
        body.append(line.head).append(std::to_string(line.first + answers * line.step));
        body += '\n';
      }
      body += "# EOF\n";
      write_all(fd,
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\n"
                "Connection: close\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n\r\n");
      write_all(fd, body);
      ++answers;
    }
    ::close(fd);
  }
}
