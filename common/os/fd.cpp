// SPDX-License-Identifier: Apache-2.0
#include "common/os/fd.hpp"

#include <fcntl.h>

#include <cerrno>

namespace holdfast {

Result<void> set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0 && (flags & O_NONBLOCK) != 0) return {};
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) {
    return fail_errno(errno, fmt::format("make descriptor {} non-blocking", fd));
  }
  return {};
}

Result<void> set_cloexec(int fd) {
  const int flags = ::fcntl(fd, F_GETFD);
  if (flags < 0 || ::fcntl(fd, F_SETFD, flags | FD_CLOEXEC) < 0) {
    return fail_errno(errno, fmt::format("make descriptor {} close-on-exec", fd));
  }
  return {};
}

Result<PipeFds> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "create a pipe");
  return PipeFds{Fd(ends[0]), Fd(ends[1])};
}

void open_missing_standard_descriptors() {
  // The lowest free number is taken each time. Not close-on-exec: they are for children as well.
  for (;;) {
    int fd = ::open("/dev/null", O_RDWR);
    if (fd < 0) fd = ::open("/", O_PATH);  // no /dev: the number is taken, and writing fails
    if (fd < 0 || fd > STDERR_FILENO) {
      if (fd >= 0) ::close(fd);
      return;
    }
  }
}

}  // namespace holdfast
