// SPDX-License-Identifier: Apache-2.0
#pragma once

// Sends a message with descriptors beside it, as nobody of ours does.

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::test {

// Returns 0 or errno. `to`: for a socket that is not connected.
inline int send_descriptors(int socket, std::string_view text, const std::vector<int>& descriptors,
                            const std::filesystem::path& to = {}) {
  std::string copy(text);
  iovec part{copy.data(), copy.size()};
  const std::size_t bytes = sizeof(int) * descriptors.size();
  std::vector<cmsghdr> control(CMSG_SPACE(bytes) / sizeof(cmsghdr) + 1);
  sockaddr_un address{};
  msghdr message{};
  if (!to.empty()) {
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, to.c_str(), sizeof address.sun_path - 1);
    message.msg_name = &address;
    message.msg_namelen = sizeof address;
  }
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(bytes);
  cmsghdr* const c = CMSG_FIRSTHDR(&message);
  c->cmsg_level = SOL_SOCKET;
  c->cmsg_type = SCM_RIGHTS;
  c->cmsg_len = CMSG_LEN(bytes);
  std::memcpy(CMSG_DATA(c), descriptors.data(), bytes);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? errno : 0;
}

}  // namespace holdfast::test
