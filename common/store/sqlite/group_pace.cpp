// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/group_pace.hpp"

#include <algorithm>
#include <cstdint>

namespace holdfast::store::sqlite {

Duration GroupPace::wait(MonoTime now, std::size_t waiting) const {
  if (waiting >= kEnough) return Duration::zero();
  return std::max<Duration>(due_ - kBurst * kInterval - now, Duration::zero());
}

void GroupPace::took(MonoTime now, std::size_t writes) {
  const auto missing = static_cast<std::int64_t>(kEnough) - static_cast<std::int64_t>(writes);
  due_ = std::max(due_, now) + kInterval * missing / static_cast<std::int64_t>(kEnough - 1);
}

}  // namespace holdfast::store::sqlite
