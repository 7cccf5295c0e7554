// SPDX-License-Identifier: Apache-2.0
#include "common/os/file_limit.hpp"

#include <sys/resource.h>

#include <algorithm>

namespace holdfast::api {

std::uint32_t make_room_for_connections(std::uint32_t wanted) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return wanted;
  const rlim_t needed = rlim_t{wanted} + kOtherDescriptors;
  if (limit.rlim_cur >= needed) return wanted;
  const rlim_t before = limit.rlim_cur;
  limit.rlim_cur = std::min(needed, limit.rlim_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) limit.rlim_cur = before;
  if (limit.rlim_cur >= needed) return wanted;
  const rlim_t left = limit.rlim_cur > kOtherDescriptors ? limit.rlim_cur - kOtherDescriptors : 1;
  return static_cast<std::uint32_t>(std::min<rlim_t>(left, wanted));
}

}  // namespace holdfast::api
