// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/file_limit.hpp"

namespace holdfast::supervisor::process {

rlim_t raise_file_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return RLIM_INFINITY;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);  // below the hard limit nobody is refused
  return before;
}

}  // namespace holdfast::supervisor::process
