// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/low_fds.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>

namespace holdfast::supervisor::process {

LowFds::LowFds() {
  const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
  while (null && row_.size() <= kCount) {
    Fd copy(::fcntl(null.get(), F_DUPFD_CLOEXEC, kFirst));
    if (!copy) break;
    row_.push_back(std::move(copy));
  }
  if (row_.empty()) throw std::system_error(errno, std::generic_category(), "open /dev/null");
}

unsigned LowFds::end() const {
  int last = 0;
  for (const Fd& fd : row_)
    last = std::max(last, fd.get());
  return static_cast<unsigned>(last) + 1;
}

bool LowFds::fit(std::size_t sources, int last_target) const {
  return sources < row_.size() && last_target < row_.front().get();
}

bool LowFds::put(std::size_t index, int source) {
  if (source == null()) return true;  // it is /dev/null already
  if (::dup3(source, at(index), O_CLOEXEC) < 0) return false;
  used_.push_back(index);
  return true;
}

void LowFds::clear() {
  for (const std::size_t index : used_)
    ::dup3(null(), at(index), O_CLOEXEC);
  used_.clear();
}

}  // namespace holdfast::supervisor::process
