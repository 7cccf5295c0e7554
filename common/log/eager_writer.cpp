// SPDX-License-Identifier: Apache-2.0
#include "common/log/eager_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

namespace holdfast::log {

EagerWriter::EagerWriter(int fd) : fd_(fd) {
  struct stat info {};
  if (::fstat(fd, &info) != 0 || S_ISREG(info.st_mode)) return;
  if (S_ISSOCK(info.st_mode)) {
    kind_ = Kind::Socket;
    return;
  }
  own_.reset(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                    O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (own_) {
    fd_ = own_.get();
  } else {
    kind_ = Kind::Shared;  // of another user, or without a reader
  }
}

EagerWriter::Written EagerWriter::write(std::string_view bytes) {
  Written result;
  while (!bytes.empty()) {
    if (kind_ == Kind::Shared && !wait(0)) break;
    // poll(2) promises room for PIPE_BUF bytes in a pipe, and no more.
    const std::string_view part = kind_ == Kind::Shared ? bytes.substr(0, PIPE_BUF) : bytes;
    const ssize_t count = kind_ == Kind::Socket
                              ? ::send(fd_, part.data(), part.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                              : ::write(fd_, part.data(), part.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      result.failed = errno != EAGAIN && errno != EWOULDBLOCK;
      break;
    }
    result.bytes += static_cast<std::size_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return result;
}

bool EagerWriter::wait(int milliseconds) const {
  pollfd waited{fd_, POLLOUT, 0};
  return ::poll(&waited, 1, milliseconds) > 0;
}

}  // namespace holdfast::log
