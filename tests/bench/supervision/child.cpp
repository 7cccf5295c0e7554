// SPDX-License-Identifier: Apache-2.0

// bench_child: the program that every supervisor under measurement runs. It reports when it began,
// and waits. Configured by environment variables, so that it needs no wrapper script:
//   BENCH_STAMPS    the FIFO that takes {CLOCK_MONOTONIC ns, pid}
//   BENCH_READY     "notify": READY=1 to NOTIFY_SOCKET; a number: a newline to that descriptor
//   BENCH_STUBBORN  set: SIGTERM is ignored
//   BENCH_LINES     how many lines of 100 bytes it writes to standard output, 40 at a time
// Plain C calls only: its own start is part of every figure.

#include "tests/bench/common/stamp.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace {

void say_ready(const char* how) {
  if (std::strcmp(how, "notify") != 0) {
    (void)!::write(std::atoi(how), "\n", 1);
    return;
  }
  const char* const path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  ::sendto(fd, "READY=1", 7, 0, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::close(fd);
}

void write_lines(long count) {
  constexpr std::size_t kLine = 100;
  constexpr long kLinesAtOnce = 40;  // of a logger with a buffer of 4 KiB
  char lines[kLine * kLinesAtOnce];
  std::memset(lines, 'x', sizeof lines);
  for (std::size_t end = kLine - 1; end < sizeof lines; end += kLine)
    lines[end] = '\n';
  for (; count > 0; count -= kLinesAtOnce) {
    const std::size_t size = kLine * static_cast<std::size_t>(std::min(count, kLinesAtOnce));
    for (std::size_t done = 0; done < size;) {
      const ssize_t written = ::write(STDOUT_FILENO, lines + done, size - done);
      if (written <= 0) std::exit(4);
      done += static_cast<std::size_t>(written);
    }
  }
}

}  // namespace

int main() {
  const holdfast::bench::Stamp stamp{holdfast::bench::now_ns(), ::getpid(), 0};
  if (std::getenv("BENCH_STUBBORN") != nullptr) ::signal(SIGTERM, SIG_IGN);
  const char* const stamps = std::getenv("BENCH_STAMPS");
  if (stamps == nullptr) return 2;
  const int fd = ::open(stamps, O_WRONLY | O_CLOEXEC);
  if (::write(fd, &stamp, sizeof stamp) != sizeof stamp) return 3;
  ::close(fd);
  if (const char* const how = std::getenv("BENCH_READY")) say_ready(how);
  if (const char* const lines = std::getenv("BENCH_LINES")) write_lines(std::atol(lines));
  for (;;)
    ::pause();
}
