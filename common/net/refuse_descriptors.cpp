// SPDX-License-Identifier: Apache-2.0
#include "common/net/refuse_descriptors.hpp"

#include <sys/socket.h>

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83  // asm-generic/socket.h; headers before Linux 6.16 lack it
#endif

namespace holdfast::net {

bool refuse_descriptors(int socket) {
  // An older kernel answers ENOPROTOOPT, and so does any for another family, or EOPNOTSUPP.
  const int off = 0;
  return ::setsockopt(socket, SOL_SOCKET, SO_PASSRIGHTS, &off, sizeof off) == 0;
}

}  // namespace holdfast::net
