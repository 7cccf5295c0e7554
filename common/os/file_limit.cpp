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

ConnectionRoom connection_room(rlim_t limit, std::uint32_t wanted) {
  constexpr rlim_t kLeastOwn = 48;  // a worker on SQLite has 24
  constexpr rlim_t kMostOwn = kOtherDescriptors - kMostRefusing;
  const rlim_t own = std::clamp(limit / 4, kLeastOwn, kMostOwn);
  const rlim_t left = limit > own ? limit - own : 0;
  const rlim_t refusing = std::clamp<rlim_t>(left / 3, 1, kMostRefusing);
  const rlim_t room = left > refusing ? left - refusing : 1;
  return {static_cast<std::uint32_t>(std::min<rlim_t>(room, wanted)),
          static_cast<std::uint32_t>(refusing)};
}

ConnectionRoom make_room_for_connections(std::uint32_t wanted) {
  return connection_room(raise_file_limit(rlim_t{wanted} + kOtherDescriptors).now, wanted);
}

}  // namespace holdfast
