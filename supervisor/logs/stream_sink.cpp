// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/stream_sink.hpp"

#include "common/os/fd.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace holdfast::supervisor::logs {

namespace {

enum class WriteMode {
  Plain,      // a regular file, or a non-blocking description of our own for a pipe or terminal
  Send,       // a socket (journald's): MSG_DONTWAIT makes a single call non-blocking
  PollFirst,  // a pipe that cannot be reopened: write only what poll(2) guarantees to fit
};

// The same pipe or terminal with its own file status flags. Fails for sockets, and for a pipe of
// another user.
Fd reopen_nonblocking(int fd) {
  return Fd(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                   O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
}

class StreamSink final : public LogSink {
 public:
  StreamSink(Fd fd, WriteMode mode)
      : fd_(std::move(fd)), mode_(mode), terminal_(::isatty(fd_.get()) == 1) {}

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
    if (mode_ == WriteMode::Send) {
      return ::send(fd_.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    if (mode_ == WriteMode::PollFirst) {
      pollfd ready{fd_.get(), POLLOUT, 0};
      if (::poll(&ready, 1, 0) == 0) {
        errno = EAGAIN;
        return -1;
      }
      bytes = bytes.substr(0, PIPE_BUF);  // a pipe that polls writable has this much room
    }
    return ::write(fd_.get(), bytes.data(), bytes.size());
  }

  Fd fd_;
  WriteMode mode_;
  bool terminal_;
};

}  // namespace

Result<std::unique_ptr<LogSink>> make_stream_sink(int fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) return fail_errno(errno, "open the log output");
  WriteMode mode = WriteMode::Plain;
  Fd own;
  if (S_ISSOCK(info.st_mode)) {
    mode = WriteMode::Send;
  } else if (!S_ISREG(info.st_mode)) {
    own = reopen_nonblocking(fd);
    if (!own) mode = WriteMode::PollFirst;
  }
  if (!own) own.reset(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
  if (!own) return fail_errno(errno, "open the log output");
  return std::make_unique<StreamSink>(std::move(own), mode);
}

}  // namespace holdfast::supervisor::logs
