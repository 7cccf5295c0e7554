// SPDX-License-Identifier: Apache-2.0
#pragma once

// A lock on bytes of a file, for fcntl(2)'s F_OFD_*: it belongs to the open file description, and
// is gone with that, at kill -9 too.
//
// Threads: any.

#include <fcntl.h>

namespace holdfast::store::sqlite {

inline struct flock range_lock(off_t at, short type, off_t length = 1) {
  struct flock range {};
  range.l_type = type;
  range.l_whence = SEEK_SET;
  range.l_start = at;
  range.l_len = length;
  return range;
}

// On the bytes of a database by which SQLite shows what is done to it ("PENDING", "RESERVED" and
// "SHARED"): every connection of one in WAL mode holds a lock on some of them as long as it lives.
inline struct flock connection_locks(short type) {
  return range_lock(0x40000000, type, 512);
}

}  // namespace holdfast::store::sqlite
