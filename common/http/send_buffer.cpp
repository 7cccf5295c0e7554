// SPDX-License-Identifier: Apache-2.0
#include "common/http/send_buffer.hpp"

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>

namespace holdfast::http {

void SendBuffer::start(std::string_view body) {
  body_ = body;
  sent_ = 0;
}

SendBuffer::Progress SendBuffer::send(int socket) {
  while (!complete()) {
    std::array<iovec, 2> parts{};
    std::size_t count = 0;
    if (sent_ < head_.size()) parts[count++] = {head_.data() + sent_, head_.size() - sent_};
    if (!body_.empty()) {
      const std::size_t done = sent_ > head_.size() ? sent_ - head_.size() : 0;
      // sendmsg(2) only reads, but iovec is the same for reading and writing.
      parts[count++] = {const_cast<char*>(body_.data()) + done, body_.size() - done};
    }
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = count;
    const ssize_t n = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n > 0) {
      sent_ += static_cast<std::size_t>(n);
    } else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      return Progress::Blocked;
    } else if (n < 0 && errno != EINTR) {
      return Progress::Failed;
    }
  }
  return Progress::Complete;
}

}  // namespace holdfast::http
