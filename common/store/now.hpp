// SPDX-License-Identifier: Apache-2.0
#pragma once

// The two times that the queue's rules need, in milliseconds: wall time for what people and
// schedules see, CLOCK_MONOTONIC for leases and deadlines. The latter is shared by all processes of
// one boot and moved by no clock step; it means nothing in another boot.

#include "common/base/clock.hpp"

#include <cstdint>

namespace holdfast::store {

struct Now {
  std::int64_t wall = 0;
  std::int64_t mono = 0;
};

inline std::int64_t to_ms(Duration duration) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

inline Now read_now(const Clock& clock) {
  return {to_unix_ms(clock.wall()), to_ms(clock.mono().time_since_epoch())};
}

}  // namespace holdfast::store
