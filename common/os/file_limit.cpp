// SPDX-License-Identifier: Apache-2.0
#include "common/os/file_limit.hpp"

#include <algorithm>

namespace holdfast {

FileLimit raise_file_limit(rlim_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {RLIM_INFINITY, RLIM_INFINITY};
  FileLimit result{limit.rlim_cur, limit.rlim_cur};
  limit.rlim_cur = std::min(wanted, limit.rlim_max);
  if (limit.rlim_cur > result.before && ::setrlimit(RLIMIT_NOFILE, &limit) == 0) {
    result.now = limit.rlim_cur;
  }
  return result;
}

std::uint32_t make_room_for_connections(std::uint32_t wanted) {
  const rlim_t needed = rlim_t{wanted} + kOtherDescriptors;
  const rlim_t limit = raise_file_limit(needed).now;
  if (limit >= needed) return wanted;
  const rlim_t room = limit > kOtherDescriptors ? limit - kOtherDescriptors : 1;
  return static_cast<std::uint32_t>(std::min<rlim_t>(room, wanted));
}

}  // namespace holdfast
