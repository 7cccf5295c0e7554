// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a measured child writes when it begins: one record, below PIPE_BUF, so that a thousand
// writers of one FIFO do not mix.

#include <time.h>

#include <cstdint>

namespace holdfast::bench {

struct Stamp {
  std::int64_t at_ns = 0;  // CLOCK_MONOTONIC
  std::int32_t pid = 0;
  std::int32_t unused = 0;
};

inline std::int64_t now_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace holdfast::bench
