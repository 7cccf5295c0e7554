// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/log_sink.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace holdfast::supervisor::logs {

namespace {

enum class Way {
  Plain,  // a file: never would block; or our own non-blocking description of a pipe or terminal
  Send,   // a socket (journald's): one call can be non-blocking by itself
  PollFirst,  // a pipe that may not be opened again: as much as poll(2) vouches for
};

// The same pipe or terminal with file status flags of its own. Fails on sockets, and where the
// pipe belongs to another user.
Fd open_again(int fd) {
  return Fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                   O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

class StreamSink final : public LogSink {
 public:
  StreamSink(Fd fd, Way way) : fd_(std::move(fd)), way_(way), terminal_(::isatty(fd_.get()) == 1) {}

  Written write(std::string_view lines) override {
    std::size_t total = 0;
    while (torn_ || !lines.empty()) {
      const ssize_t n = write_some(torn_ ? std::string_view("\n") : lines);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return {total, Outcome::WouldBlock, 0};
      if (n < 0) return {total, Outcome::Failed, errno};
      if (torn_) {
        torn_ = false;
        at_line_start_ = true;
        continue;
      }
      const std::size_t taken = static_cast<std::size_t>(n);
      if (taken > 0) at_line_start_ = lines[taken - 1] == '\n';
      lines.remove_prefix(taken);
      total += taken;
    }
    return {total, Outcome::Done, 0};
  }

  int poll_fd() const override { return fd_.get(); }
  bool is_terminal() const override { return terminal_; }

 private:
  ssize_t write_some(std::string_view bytes) {
    if (way_ == Way::Send) {
      return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (way_ == Way::PollFirst) {
      pollfd ready{fd_.get(), POLLOUT, 0};
      if (::poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
      }
      bytes = bytes.substr(0, PIPE_BUF);  // a pipe that polls writable has room for that
    }
    return ::write(fd_.get(), bytes.data(), bytes.size());
  }

  Fd fd_;
  Way way_;
  bool terminal_;
};

}  // namespace

Result<std::unique_ptr<LogSink>> make_stream_sink(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno(errno, "the log's output");
  Way way = Way::Plain;
  Fd own;
  if (S_ISSOCK(info.st_mode)) {
    way = Way::Send;
  } else if (!S_ISREG(info.st_mode)) {
    own = open_again(fd);
    if (!own) way = Way::PollFirst;
  }
  if (!own) own.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!own) return fail_errno(errno, "the log's output");
  return std::make_unique<StreamSink>(std::move(own), way);
}

}  // namespace holdfast::supervisor::logs
