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

}  // namespace holdfast::store::sqlite
