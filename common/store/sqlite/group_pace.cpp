// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/group_pace.hpp"

#include <algorithm>

namespace holdfast::store::sqlite {

Duration GroupPace::wait(MonoTime now, std::size_t waiting) const {
  if (waiting >= kEnough) return Duration::zero();
  return std::max<Duration>(due_ - kBurst * kInterval - now, Duration::zero());
}

void GroupPace::took(MonoTime now) {
  due_ = std::max(due_, now) + kInterval;
}

}  // namespace holdfast::store::sqlite
