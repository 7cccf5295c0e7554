// SPDX-License-Identifier: Apache-2.0
#pragma once

// Waits for a condition as long as necessary, with a limit that only a defect reaches.

#include <poll.h>

#include <chrono>

namespace holdfast::test {

template <class Condition>
bool wait_until(Condition condition,
                std::chrono::steady_clock::duration limit = std::chrono::seconds(30)) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

}  // namespace holdfast::test
