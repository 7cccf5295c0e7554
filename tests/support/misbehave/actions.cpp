// SPDX-License-Identifier: Apache-2.0
#include "tests/support/misbehave/actions.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace misbehave {

namespace {

void send_notice(const std::string& message, int descriptor) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  if (path == nullptr) return;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  iovec part{const_cast<char*>(message.data()), message.size()};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = sizeof address;
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  if (descriptor >= 0) {
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &descriptor, sizeof descriptor);
  }
  while (::sendmsg(fd, &header, MSG_NOSIGNAL) < 0 && errno == EINTR) {
  }
  ::close(fd);
}

// A limit, so that a failing test leaves no process behind.
[[noreturn]] void stay_until_nobody_reads() {
  pollfd output{1, 0, 0};  // a pipe without a reader is in error
  while (::poll(&output, 1, -1) < 0 && errno == EINTR) {
  }
  ::_exit(0);
}

}  // namespace

void notify(const std::string& message) {
  send_notice(message, -1);
}

void notify_with_descriptor(const std::string& message) {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  send_notice(message, fd);
  ::close(fd);
}

void write_all(int fd, const std::string& text) {
  std::size_t done = 0;
  while (done < text.size()) {
    const ssize_t n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return;
    done += static_cast<std::size_t>(n);
  }
}

void sleep_ms(long ms) {
  timespec left{ms / 1000, (ms % 1000) * 1'000'000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

void flood_notify(long count) {
  for (long i = 0; i < count; ++i)
    notify("STATUS=message " + std::to_string(i));
}

void flood_log(int fd, long count, bool one_write_per_line, bool json) {
  // 100 bytes a line, the number first.
  std::string block;
  char line[128];
  for (long i = 0; i < count; ++i) {
    // As our own logger begins a line.
    constexpr const char* kJson =
        "{\"time\":\"2026-01-01T00:00:00.000Z\",\"level\":\"info\",\"n\":%ld,\"pad\":\"";
    int length = std::snprintf(line, sizeof line, json ? kJson : "%ld ", i);
    while (length < (json ? 97 : 99))
      line[length++] = 'x';
    if (json) {
      line[length++] = '"';
      line[length++] = '}';
    }
    line[length++] = '\n';
    block.append(line, static_cast<std::size_t>(length));
    if (one_write_per_line || block.size() >= 4000) {
      write_all(fd, block);
      block.clear();
    }
  }
  write_all(fd, block);
}

void garbage_notify() {
  notify(std::string("READY=1\0STATUS=x", 16));
  notify(std::string(8192, 'A') + "=1");
  notify("no key at all");
  notify("=\n\n=\n");
  notify_with_descriptor("STATUS=with a descriptor");
}

void fork_grandchild() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();  // so that no signal to our group finds the grandchild
    if (::fork() == 0) {
      stay_until_nobody_reads();
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void fork_daemon() {
  const pid_t child = ::fork();
  if (child == 0) {
    ::setsid();
    if (::fork() == 0) {
      for (int fd = 0; fd < 64; ++fd)
        ::close(fd);
      ::signal(SIGTERM, SIG_IGN);
      ::alarm(120);  // so that a test which forgets it leaves no process behind for long
      for (;;)
        ::pause();
    }
    ::_exit(0);
  }
  ::waitpid(child, nullptr, 0);
}

void fork_sleeper() {
  if (::fork() != 0) return;
  ::signal(SIGTERM, SIG_IGN);
  stay_until_nobody_reads();
}

}  // namespace misbehave
